"""How a photo's integers are shown to a backend, and how its answer becomes integers again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import color
from ..backend import Task
from ..photo import Photo
from .overview import grey_picture


class View(Protocol):
    """One way of looking at a photo; pure, strip by strip or tile by tile."""

    @property
    def channels(self) -> int:
        """Of the result."""
        ...

    def picture(self, pixels: Tensor) -> Tensor:
        """Return (3, H, W) in [0, 1] of integers (H, W, 1 or 3)."""
        ...

    def pixels(self, answer: Tensor, before: Tensor) -> Tensor:
        """Return integers (H, W, channels) of an answer (3, H, W).

        Args:
            answer: The backend's, not clipped.
            before: The photo's integers in the same place, if the size stays the same.
        """
        ...


@dataclass(frozen=True)
class Lightness:
    """Only the lightness is shown, and only colour is taken from the answer."""

    space: color.RgbSpace
    channels: int = 3

    def picture(self, pixels: Tensor) -> Tensor:
        return grey_picture(color.lightness(pixels, self.space))[0]

    def pixels(self, answer: Tensor, before: Tensor) -> Tensor:
        ab = color.to_lab(answer.clamp(0, 1))[1:]
        lightness = color.lightness(before, self.space)
        return color.colored(lightness, ab, self.space, before.dtype)


@dataclass(frozen=True)
class Encoded:
    """The file's own numbers are shown, whatever their RGB means.

    Noise, and where it was clipped, is in those numbers; and to convert a wide space to sRGB
    would clip what denoising or enlarging has no reason to touch. Grey stays grey.
    """

    channels: int

    def picture(self, pixels: Tensor) -> Tensor:
        return color.to_picture(pixels)

    def pixels(self, answer: Tensor, before: Tensor) -> Tensor:
        if self.channels == 1:
            answer = answer.mean(0, keepdim=True).expand(3, -1, -1)
        return color.from_picture(answer, dtype=before.dtype)[..., : self.channels]


def view_of(photo: Photo, task: Task) -> View:
    """Return how a task looks at a photo."""
    if task is Task.COLORIZE:
        return Lightness(photo.space)
    return Encoded(photo.pixels.shape[2])


def under_levels(cells: Tensor, cell: int, top: int, bottom: int, left: int, right: int) -> Tensor:
    """Interpolate a map's cells (C, h, w) to the pixels of a window: (C, rows, columns).

    Between the middles of cells it is linear, and beyond the outermost it goes on as it is: the
    same pixel gets the same value in every window.
    """
    # One cell more on each side; beyond the photo's edge, the outermost again.
    rows = torch.arange(top // cell - 1, -(-bottom // cell) + 1)
    columns = torch.arange(left // cell - 1, -(-right // cell) + 1)
    some = cells[:, rows.clamp(0, cells.shape[1] - 1)][:, :, columns.clamp(0, cells.shape[2] - 1)]
    fine = F.interpolate(some[None], scale_factor=cell, mode="bilinear")[0]
    row, column = top - int(rows[0]) * cell, left - int(columns[0]) * cell
    return fine[:, row : row + bottom - top, column : column + right - left]
