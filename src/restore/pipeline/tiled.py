"""Tiles of the photo at its own size, for backends that answer with pictures.

Every tile sees `overlap` pixels of context and gives only its core, so the cores make the
whole; out of memory, the photo starts again with smaller tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import color, device, noise, tiles
from ..backend import Backend, Draws, Guidance, Shown, Task
from ..clock import Stopwatch
from ..errors import DeviceError
from ..job import Job
from ..photo import Photo
from . import contract
from .overview import grey_picture, small_picture
from .restored import Pixels, Restored
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
        smallest = tiles.smallest_tile(limits.overlap, limits.multiple_of)
        tile = max(smallest, limits.tile // limits.multiple_of * limits.multiple_of)
        while True:
            one = _Tiler(photo, backend, job, guidance, draws, prepared)
            try:
                samples = one.run(tile, workers)
                break
            except torch.OutOfMemoryError:
                if tile <= smallest:
                    raise DeviceError(
                        f"not enough memory for a tile of {tile} pixels",
                        hint="close other programs, or use --device cpu",
                    ) from None
                tile = max(smallest, tile // 2 // limits.multiple_of * limits.multiple_of)
            # Outside the handler: a live traceback would keep the failed tensors alive.
            device.release_memory()
    return Restored(lambda sample: samples[sample])


@dataclass(frozen=True)
class _Tiler:
    """One attempt at a photo, at one tile size."""

    photo: Photo
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
        shape = (height * scale, width * scale, 3)
        samples = [np.empty(shape, self.photo.pixels.dtype) for _ in range(self.draws.results)]

        def place(part: tiles.Tile) -> None:
            for whole, pixels in zip(samples, self._tile(part), strict=True):
                core = part.core
                whole[
                    core.top * scale : core.bottom * scale, core.left * scale : core.right * scale
                ] = pixels

        workers.each(place, grid)
        return samples

    def _tile(self, part: tiles.Tile) -> list[Pixels]:
        """Return the core of one tile, for every sample."""
        window, core, scale = part.window, part.core, self.backend.scale
        height, width = window.bottom - window.top, window.right - window.left
        limits = self.backend.limits
        fitted = (-height % limits.multiple_of, -width % limits.multiple_of)
        pad = (
            0,
            max(fitted[1], limits.minimum - width),
            0,
            max(fitted[0], limits.minimum - height),
        )
        cut = self.photo.pixels[window.top : window.bottom, window.left : window.right]
        pixels = torch.from_numpy(np.ascontiguousarray(cut))
        lightness = None
        if self.job.task is Task.COLORIZE:
            lightness = color.lightness(pixels, self.photo.space)
            picture = grey_picture(lightness)
        else:
            picture = color.to_picture(pixels, self.photo.space)[None]

        def under(full: Tensor | None) -> Tensor | None:
            if full is None:
                return None
            cut = full[..., window.top : window.bottom, window.left : window.right]
            return F.pad(cut, pad, mode="replicate")

        def field(sample: int, step: int, channels: int, stride: int) -> Tensor:
            cells = noise.window(
                self.job.seed,
                sample,
                step,
                channels,
                window.top // stride,
                window.left // stride,
                (height + pad[3]) // stride,
                (width + pad[1]) // stride,
            )
            return torch.from_numpy(cells)[None]

        shown = Shown(
            F.pad(picture, pad, mode="replicate"),
            under(self.guidance.mask),
            under(self.guidance.noise_map),
        )
        outcome = contract.restored(self.backend, shown, self.prepared, self.draws, field)
        rows = slice((core.top - window.top) * scale, (core.bottom - window.top) * scale)
        columns = slice((core.left - window.left) * scale, (core.right - window.left) * scale)
        dtype, space = pixels.dtype, self.photo.space
        finished = []
        for result in outcome.results[:, 0, :, rows, columns]:
            if lightness is None:
                finished.append(color.from_picture(result, space, dtype).numpy())
            else:
                ab = color.to_lab(result.clamp(0, 1))[1:]
                finished.append(color.colored(lightness[rows, columns], ab, space, dtype).numpy())
        return finished
