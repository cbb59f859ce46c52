"""Fill the holes of one photo, and touch nothing else.

Every hole is filled from a crop with context around it, so the cost follows the damage. A crop
shows all holes under it, and gives only those of its own place. A place that is larger than a tile
is covered by the tiles that its holes touch; where those overlap, one gives way to the other.
Only the filled pixels are kept, as long as nobody asks for the whole picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from .. import evidence, masks, noise
from ..backend import Backend, Draws, Finder, Guidance, Shown
from ..clock import Stopwatch
from ..errors import UsageError
from ..job import Job, MaskFile
from ..masks import Holes, Mask
from ..photo import Photo
from . import contract
from .crops import Crop, crops, nearness
from .doubt import doubt_of, no_doubt
from .finding import find_damage
from .memory import with_tiles
from .overview import small_picture
from .restored import Filled, Pixels, Restored
from .views import Encoded
from .workers import Workers

TOGETHER = 32  #: batches of crops whose answers exist at the same time
BLOCK = 1 << 18  #: filled pixels that become integers at once

Answers = NDArray[np.float32]
"""(samples, 3, n): of the n pixels that are filled, row by row."""


def restore(
    photo: Photo,
    backend: Backend,
    job: Job,
    mask: MaskFile | Finder,
    samples: int,
    workers: Workers,
    clock: Stopwatch,
) -> Restored:
    """Fill what the mask says; without one, the damage that is found.

    Args:
        photo: What has holes.
        backend: Draws what fills them.
        job: Says how masks are read and what is written.
        mask: Of the photo's size; or what finds one.
        samples: To draw, as results or as evidence.
        workers: Fill crops.
        clock: Measures the stages.

    Raises:
        UsageError: If the mask is of another size than the photo, or leaves nothing of it.
        BackendError: If the backend or the finder broke its contract, or the backend draws no
            samples to measure doubt by.
        DeviceError: If memory does not suffice for the smallest tile.
    """
    with clock("mask"):
        drawn = mask if isinstance(mask, MaskFile) else None
        values, sure = _values(photo, mask, job, workers)
        wide = masks.grown(values, job.masking.grow)
        hole = wide >= job.masking.threshold
        filled = _filled(hole, drawn, sure)
    maps: dict[str, Callable[[], Pixels]] = {}
    if job.masking.write:
        maps["mask"] = lambda: np.where(values >= job.masking.threshold, values, 0).astype(np.uint8)
    if not filled.pixels:
        what = "no damage found" if drawn is None else f"the mask {drawn.name} is empty"
        if job.confidence:
            maps["confidence"] = lambda: no_doubt(hole.shape)
        notice = f"{what}: nothing is filled, every pixel stays"
        if drawn is not None and drawn.coloured:
            notice += "; it is coloured, not white: paint white what is to be filled"
        return Restored(
            lambda sample: photo.pixels,
            filled=filled,
            maps=maps,
            unchanged=True,
            notices=(notice,),
        )
    if filled.pixels == hole.size:
        by = f", grown by {job.masking.grow}," if job.masking.grow else ""
        raise UsageError(
            f"the mask{f' {drawn.name}' if drawn else ''}{by} covers the whole photo",
            hint=_less_of(values >= job.masking.threshold, drawn is not None),
        )
    with clock("network"):
        holes = Holes.of(hole, nearness(backend.limits))
        answers = _answers(photo, backend, job, holes, samples, workers)
    index = np.flatnonzero(hole)
    shares = None
    if job.masking.soft:
        shares = masks.opacity(wide.reshape(-1)[index], job.masking.threshold)
    confidence = None
    if job.confidence:
        assert backend.error_per_spread is not None  # `run` sees to it
        pieces = (answers[:, :, n : n + BLOCK] for n in range(0, answers.shape[2], BLOCK))
        inside = evidence.error_inside(torch.from_numpy(masks.depths(hole)))
        confidence = doubt_of(map(torch.from_numpy, pieces), hole, backend.error_per_spread, inside)
        maps["confidence"] = confidence.render

    def render(sample: int) -> Pixels:
        with clock("render"):
            return _pasted(photo.pixels, index, answers[sample], shares)

    notices: tuple[str, ...] = ()
    if job.entry.rehearses:
        notices = (f"nothing is filled: backend {job.entry.name!r} gives back what is there",)
    return Restored(render, confidence, filled=filled, maps=maps, notices=notices)


def _less_of(hole_before: Mask, drawn: bool) -> str:
    """Say what makes a mask that covers everything cover less; `hole_before` it grew."""
    if not hole_before.all():
        return "a smaller --grow leaves something of it"
    if drawn:
        return "white is what is to be filled; is the mask the wrong way round?"
    return "raise --threshold, or draw a mask"


def _values(
    photo: Photo, mask: MaskFile | Finder, job: Job, workers: Workers
) -> tuple[masks.Values, float | None]:
    """Return the mask's grey values, and how sure the finder is if it found them."""
    height, width = photo.pixels.shape[:2]
    if not isinstance(mask, MaskFile):
        found = find_damage(photo, mask, job, workers)
        return found.mask.view(np.uint8) * np.uint8(255), found.sure
    if mask.values.shape != (height, width):
        down, across = mask.values.shape
        raise UsageError(
            f"the mask {mask.name} is {across} x {down} pixels, the photo is {width} x {height}",
            hint="a mask is as large as the photo is when it is upright",
        )
    return mask.values, None


def _filled(hole: Mask, mask: MaskFile | None, sure: float | None) -> Filled:
    pixels = int(np.count_nonzero(hole))
    return Filled(
        mask="auto" if mask is None else mask.name,
        sha256=None if mask is None else mask.sha256,
        groups=masks.count_groups(hole),
        pixels=pixels,
        share=pixels / hole.size,
        sure=sure,
    )


def _answers(
    photo: Photo, backend: Backend, job: Job, holes: Holes, samples: int, workers: Workers
) -> Answers:
    """Return what the backend draws at every pixel that is filled."""
    limits = backend.limits
    seen = None
    if limits.overview is not None:
        height, width = holes.hole.shape
        size = limits.whole(height, width, limits.overview)
        seen = small_picture(photo, size, workers)
    guidance = Guidance(mask=torch.from_numpy(holes.hole)[None, None])
    prepared = contract.prepared(backend, seen, guidance)
    filler = _Filler(photo, backend, job.seed, holes, samples, prepared)
    return with_tiles(lambda tile: filler.run(tile, workers), limits, job)


def _pasted(
    before: Pixels, index: masks.Numbers, answers: Answers, shares: NDArray[np.float32] | None
) -> Pixels:
    """Return a copy of the photo with the answers, (3, n), in its holes, or with shares of them."""
    after = before.copy()
    flat, view = after.reshape(-1, before.shape[2]), Encoded(before.shape[2])
    for start in range(0, len(index), BLOCK):
        some = slice(start, start + BLOCK)
        old = flat[index[some]]
        answer = torch.from_numpy(answers[:, None, some])
        new: Pixels = view.pixels(answer, torch.from_numpy(old[None]))[0].numpy()
        if shares is not None:
            blended = old + shares[some, None] * (new.astype(np.float32) - old)
            new = np.rint(blended).astype(before.dtype)
        flat[index[some]] = new
    return after


@dataclass(frozen=True)
class _Filler:
    """A photo whose holes are filled, whatever the size of a tile."""

    photo: Photo
    backend: Backend
    seed: int
    holes: Holes
    samples: int
    prepared: object

    def run(self, tile: int, workers: Workers) -> Answers:
        """Fill every hole from crops of at most `tile` pixels a side."""
        index = np.flatnonzero(self.holes.hole)
        total = np.zeros((self.samples, 3, len(index)), np.float32)
        weights = np.zeros(len(index), np.float32)
        batches = list(_batches(crops(self.holes, tile, self.backend.limits), self.backend))
        for start in range(0, len(batches), TOGETHER):
            for found in workers.each(self._filled, batches[start : start + TOGETHER]):
                # In the order of the crops, so that sums repeat.
                for places, weight, answer in found:
                    at = np.searchsorted(index, places)
                    total[:, :, at] += weight * answer
                    weights[at] += weight
        total /= weights
        return total

    def _filled(self, some: list[Crop]) -> list[tuple[masks.Numbers, Answers, Answers]]:
        """Return where crops of one size fill, with which weight, and what: (samples, 3, n)."""
        shown = Shown(
            torch.stack([self._padded(self._picture(crop)) for crop in some]),
            torch.stack([self._padded(self._hard(crop)) for crop in some]),
        )

        def field(sample: int, step: int, channels: int, stride: int) -> Tensor:
            size = [side // stride for side in shown.picture.shape[-2:]]
            windows = [
                noise.window(
                    *(self.seed, sample, step, channels),
                    *(crop.rows.start // stride, crop.columns.start // stride),
                    *size,
                )
                for crop in some
            ]
            return torch.from_numpy(np.stack(windows))

        draws = Draws(results=self.samples)
        outcome = contract.restored(self.backend, shown, self.prepared, draws, field)
        return [
            self._own(crop, outcome.results[:, number].numpy()) for number, crop in enumerate(some)
        ]

    def _own(self, crop: Crop, answer: Answers) -> tuple[masks.Numbers, Answers, Answers]:
        """Return the places, the weights and the values of what a crop fills."""
        y, x = np.nonzero(crop.mine(self.holes))
        places = (crop.rows.start + y) * self.holes.hole.shape[1] + crop.columns.start + x
        return places, crop.weight()[y, x], answer[:, :, y, x]

    def _picture(self, crop: Crop) -> Tensor:
        window = crop.window
        cut = self.photo.pixels[window.top : window.bottom, window.left : window.right]
        return Encoded(cut.shape[2]).picture(torch.from_numpy(np.ascontiguousarray(cut)))

    def _hard(self, crop: Crop) -> Tensor:
        """Return the mask of all holes in a crop, its own or not: (1, H, W), 0 or 1."""
        window = crop.window
        cut = self.holes.hole[window.top : window.bottom, window.left : window.right]
        return torch.from_numpy(cut.astype(np.float32))[None]

    def _padded(self, planes: Tensor) -> Tensor:
        """Repeat the photo's edge, holes and all, as far as the model's sizes ask for."""
        height, width = planes.shape[-2:]
        down, right = self.backend.limits.padding(height, width)
        return F.pad(planes[None], (0, right, 0, down), mode="replicate")[0]


def _batches(found: list[Crop], backend: Backend) -> Iterator[list[Crop]]:
    """Yield crops in groups of one size, as many together as the model takes."""
    alike: dict[tuple[int, int], list[Crop]] = defaultdict(list)
    for crop in found:
        window = crop.window
        alike[window.bottom - window.top, window.right - window.left].append(crop)
    for some in alike.values():
        for start in range(0, len(some), backend.limits.batch):
            yield some[start : start + backend.limits.batch]
