"""How strong the noise is, all over a photo, before anything is removed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import tiles
from ..backend import LEVEL_CELL, MeasuresNoise, Shown
from ..errors import UsageError
from ..job import MOST_LEVEL, NoiseMapFile
from ..photo import Photo
from . import contract
from .views import Encoded
from .workers import Workers

LEVELS = 255.0  #: 8-bit levels of the full scale
TILE = 768  #: that is measured at a time
CONTEXT = 48  #: that the middle of a tile is measured with
BINS = 16  #: of brightness
QUIET = 0.2  #: the quantile of the quietest cells
FLAT = 0.3  #: of the cells, the flattest: their median is typical
BY_TONE = 0.35  #: the quantile of a brightness's cells: those full of texture read high
ROOM = 3.0  #: deviations of the noise between a cell's brightness and black or white
MOST_ROOM = 60 / 255  #: of it that is asked for: beyond, few cells would be left
ENOUGH = 0.1  #: of the cells, to tell what is typical by them alone


@dataclass(frozen=True)
class LevelMap:
    """The noise's deviation in every cell, and what the cell is like. Units: [0, 1]."""

    level: Tensor  #: (3, h, w)
    brightness: Tensor  #: (h, w)
    contrast: Tensor  #: (h, w), deviation of the pixels, noise and all

    @property
    def typical(self) -> tuple[float, ...]:
        """What is typical of each channel, in 8-bit levels."""
        return tuple(round(float(level) * LEVELS, 2) for level in self._typical())

    @property
    def is_beyond(self) -> bool:
        """Whether what is typical is at the limit, and so no estimate of anything."""
        return max(self.typical) >= MOST_LEVEL

    @property
    def quiet(self) -> float:
        """How strong it is where it is weakest, the channels' mean, in 8-bit levels."""
        return float(self._quantile(QUIET, self._unclipped()).mean()) * LEVELS

    def by_brightness(self) -> list[tuple[float, float]]:
        """Return (brightness, level), both in 8-bit levels, where there is enough to tell."""
        level = self.level.mean(0).flatten()
        bins = (self.brightness.flatten() * BINS).long().clamp(0, BINS - 1)
        found = []
        for index in range(BINS):
            some = level[bins == index]
            if len(some) >= max(8, len(level) // 1000):
                middle = float(round((index + 0.5) / BINS * LEVELS))
                found.append((middle, round(float(some.quantile(BY_TONE)) * LEVELS, 2)))
        return found

    def uniform(self) -> LevelMap:
        """Return the map of a noise that is as strong everywhere."""
        level = self._typical()[:, None, None].expand_as(self.level)
        return replace(self, level=level)

    def _typical(self) -> Tensor:
        """Return each channel's level where the photo is flattest: in texture, noise can hide."""
        free = self._unclipped()
        known = self.contrast[free].sort().values
        flat = free & (self.contrast <= known[int(FLAT * (len(known) - 1))])
        return self._quantile(0.5, flat)

    def _quantile(self, share: float, of: Tensor) -> Tensor:
        ordered = self.level[:, of].sort(1).values
        return ordered[:, int(share * (ordered.shape[1] - 1))]

    def _unclipped(self) -> Tensor:
        """Return the cells whose noise has room above and below: (h, w); all, if too few have.

        Black and white cut noise off: what is left of it there is less than there was.
        """
        room = torch.minimum(self.brightness, 1 - self.brightness)
        free = room > min(ROOM * float(self.level.mean(0).median()), MOST_ROOM)
        enough = int(free.sum()) >= ENOUGH * free.numel()
        return free if enough else torch.ones_like(free)

    def of_brightness(self) -> LevelMap:
        """Return the map of a noise that is as strong as the brightness says."""
        known = self.by_brightness()
        if not known:
            return self.uniform()
        at, level = (np.array(values) / LEVELS for values in zip(*known, strict=True))
        curve = np.interp(self.brightness.numpy(), at, level)
        overall = self.level.mean().clamp_min(1e-6)
        balance = self.level.flatten(1).mean(1) / overall  # channels differ in a fixed ratio
        scaled = torch.from_numpy(curve.astype(np.float32)) * balance[:, None, None]
        return replace(self, level=scaled)


def measured(photo: Photo, backend: MeasuresNoise, workers: Workers) -> LevelMap:
    """Let a backend measure every cell of a photo; what is beyond `MOST_LEVEL` becomes that."""
    height, width = photo.pixels.shape[:2]
    rows, columns = -(-height // LEVEL_CELL), -(-width // LEVEL_CELL)
    level, brightness = torch.empty(3, rows, columns), torch.empty(rows, columns)
    contrast = torch.empty(rows, columns)
    view = Encoded(photo.pixels.shape[2])

    def measure(part: tiles.Tile) -> None:
        window, core = part.window, part.core
        cut = photo.pixels[window.top : window.bottom, window.left : window.right]
        picture = view.picture(torch.from_numpy(np.ascontiguousarray(cut)))[None]
        pad = (0, -picture.shape[3] % LEVEL_CELL, 0, -picture.shape[2] % LEVEL_CELL)
        picture = F.pad(picture, pad, mode="replicate")
        found = contract.levels(backend, Shown(picture))[0]
        grey = picture.mean(1, keepdim=True)
        mean = F.avg_pool2d(grey, LEVEL_CELL)
        around = grey - F.interpolate(mean, scale_factor=LEVEL_CELL)
        deviation = F.avg_pool2d(around.square_(), LEVEL_CELL)[0, 0].sqrt()
        of_photo = _cells(core.top, core.bottom), _cells(core.left, core.right)
        of_tile = (
            _cells(core.top - window.top, core.bottom - window.top),
            _cells(core.left - window.left, core.right - window.left),
        )
        level[:, *of_photo] = found[:, *of_tile]
        brightness[of_photo] = mean[0, 0][of_tile]
        contrast[of_photo] = deviation[of_tile]

    # Seams between cores lie on whole cells when windows start at every second one.
    workers.each(measure, tiles.grid(height, width, TILE, CONTEXT, 2 * LEVEL_CELL))
    return LevelMap(level.clamp_(max=MOST_LEVEL / LEVELS), brightness, contrast)


def told(photo: Photo, sigma: float | NoiseMapFile) -> LevelMap:
    """Return the map that a person gave: a level in 8-bit levels, or one for every pixel.

    Raises:
        UsageError: If the map is not of the photo's size.
    """
    height, width = photo.pixels.shape[:2]
    rows, columns = -(-height // LEVEL_CELL), -(-width // LEVEL_CELL)
    if isinstance(sigma, NoiseMapFile):
        size = sigma.levels.shape
        if size != (height, width):
            raise UsageError(
                f"the noise map {sigma.name} is {size[1]} x {size[0]} pixels, "
                f"the photo is {width} x {height}",
                hint="--sigma takes auto, a number from 0 to 128, or a map of the photo's size",
            )
        plane = torch.from_numpy(sigma.levels)[None, None] / LEVELS
        pad = (0, -width % LEVEL_CELL, 0, -height % LEVEL_CELL)
        level = F.avg_pool2d(F.pad(plane, pad, mode="replicate"), LEVEL_CELL)[0]
    else:
        level = torch.full((1, rows, columns), sigma / LEVELS)
    evenly = torch.full((rows, columns), 0.5)
    return LevelMap(level.expand(3, -1, -1), evenly, torch.zeros_like(evenly))


def _cells(start: int, stop: int) -> slice:
    return slice(start // LEVEL_CELL, -(-stop // LEVEL_CELL))
