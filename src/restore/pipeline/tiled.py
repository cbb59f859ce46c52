"""Tiles of the photo at its own size, for backends that answer with pictures.

Every tile sees `overlap` pixels of context and gives only its core, so the cores make the
whole; out of memory, the photo starts again with smaller tiles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import color, noise, tiles
from ..backend import LEVEL_CELL, Backend, Draws, Guidance, Shown
from ..clock import Stopwatch
from ..job import Job
from ..photo import Photo
from ..resample import strips
from . import contract
from .doubt import doubt_of
from .memory import with_tiles
from .overview import small_picture
from .restored import Pixels, Restored
from .views import View, under_levels, view_of
from .workers import Workers


def restore(
    photo: Photo,
    backend: Backend,
    job: Job,
    guidance: Guidance,
    draws: Draws,
    workers: Workers,
    clock: Stopwatch,
) -> Restored:
    """Restore tile by tile.

    Raises:
        DeviceError: If memory does not suffice for the smallest tile.
    """
    limits = backend.limits
    with clock("overview"):
        seen = None
        if limits.overview is not None:
            height, width = photo.pixels.shape[:2]
            size = limits.whole(height, width, limits.overview)
            seen = small_picture(photo, size, workers)
    with clock("network"):
        prepared = contract.prepared(backend, seen, guidance)
        view = view_of(photo, job.task)
        # In tiles, samples are their own evidence.
        wanted = Draws(results=max(draws.results, draws.evidence))
        one = _Tiler(photo, view, backend, job, guidance, wanted, prepared)
        samples = with_tiles(lambda tile: one.run(tile, workers), limits, job)
    if not draws.evidence:
        return Restored(lambda sample: samples[sample])
    assert backend.error_per_spread is not None  # `run` sees to it
    with clock("doubt"):
        everywhere = np.ones(samples[0].shape[:2], bool)
        doubt = doubt_of(_rows(samples), everywhere, backend.error_per_spread)
    return Restored(lambda sample: samples[sample], doubt, maps={"confidence": doubt.render})


def _rows(samples: list[Pixels]) -> Iterator[Tensor]:
    """Yield strips of pictures, row by row: (samples, 3, n) in [0, 1]."""
    for top, bottom in strips(*samples[0].shape[:2]):
        integers = (torch.from_numpy(sample[top:bottom]) for sample in samples)
        yield torch.stack([color.to_picture(pixels).flatten(1) for pixels in integers])


@dataclass(frozen=True)
class _Tiler:
    """One attempt at a photo, at one tile size."""

    photo: Photo
    view: View
    backend: Backend
    job: Job
    guidance: Guidance
    draws: Draws
    prepared: object

    def run(self, tile: int, workers: Workers) -> list[Pixels]:
        """Return every sample at full size."""
        limits, scale = self.backend.limits, self.backend.scale
        height, width = self.photo.pixels.shape[:2]
        grid = tiles.grid(height, width, tile, limits.overlap, limits.multiple_of)
        shape = (height * scale, width * scale, self.view.channels)
        samples = [np.empty(shape, self.photo.pixels.dtype) for _ in range(self.draws.results)]

        def place(parts: list[tiles.Tile]) -> None:
            outcome = self._restored(parts)
            for index, part in enumerate(parts):
                core = part.core
                rows = slice(core.top * scale, core.bottom * scale)
                columns = slice(core.left * scale, core.right * scale)
                for whole, answer in zip(samples, outcome[:, index], strict=True):
                    whole[rows, columns] = self._core(part, answer)

        workers.each(place, _batches(grid, limits.batch))
        return samples

    def _restored(self, parts: list[tiles.Tile]) -> Tensor:
        """Return what the backend makes of tiles of one size: (samples, tiles, 3, H, W)."""
        scale = self.backend.scale
        shown = [self._shown(part) for part in parts]

        def together(pieces: list[Tensor | None]) -> Tensor | None:
            found = [piece for piece in pieces if piece is not None]
            return torch.stack(found) if found else None

        def field(sample: int, step: int, channels: int, stride: int) -> Tensor:
            height, width = shown[0].picture.shape[-2:]
            size = (height * scale // stride, width * scale // stride)
            windows = [
                noise.window(
                    self.job.seed,
                    sample,
                    step,
                    channels,
                    part.window.top * scale // stride,
                    part.window.left * scale // stride,
                    *size,
                )
                for part in parts
            ]
            return torch.from_numpy(np.stack(windows))

        batch = Shown(
            torch.stack([one.picture for one in shown]),
            noise_map=together([one.noise_map for one in shown]),
        )
        return contract.restored(self.backend, batch, self.prepared, self.draws, field).results

    def _shown(self, part: tiles.Tile) -> Shown:
        """Return one tile, without the dimension of a batch, padded to what the model accepts."""
        window = part.window
        down, right = self.backend.limits.padding(
            window.bottom - window.top, window.right - window.left
        )

        def padded(planes: Tensor) -> Tensor:
            return F.pad(planes[None], (0, right, 0, down), mode="replicate")[0]

        cells = self.guidance.noise_map
        if cells is not None:
            cells = padded(
                under_levels(
                    *(cells, LEVEL_CELL),
                    *(window.top, window.bottom, window.left, window.right),
                )
            )
        return Shown(padded(self.view.picture(self._integers(window))), noise_map=cells)

    def _core(self, part: tiles.Tile, answer: Tensor) -> Pixels:
        """Return the integers of a tile's core, from the answer to the whole tile."""
        core, window, scale = part.core, part.window, self.backend.scale
        rows = slice((core.top - window.top) * scale, (core.bottom - window.top) * scale)
        columns = slice((core.left - window.left) * scale, (core.right - window.left) * scale)
        before = self._integers(core)
        pixels: Pixels = self.view.pixels(answer[:, rows, columns], before).numpy()
        return pixels

    def _integers(self, box: tiles.Box) -> Tensor:
        cut = self.photo.pixels[box.top : box.bottom, box.left : box.right]
        return torch.from_numpy(np.ascontiguousarray(cut))


def _batches(grid: list[tiles.Tile], most: int) -> Iterator[list[tiles.Tile]]:
    """Yield tiles in groups of one size, at most so many together."""
    alike: dict[tuple[int, int], list[tiles.Tile]] = defaultdict(list)
    for part in grid:
        window = part.window
        alike[window.bottom - window.top, window.right - window.left].append(part)
    for parts in alike.values():
        for start in range(0, len(parts), most):
            yield parts[start : start + most]
