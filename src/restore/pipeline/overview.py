"""The whole photo, small: what a backend looks at before it begins."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import color
from ..photo import Photo
from ..resample import Overview, strips
from .workers import Workers

TOGETHER = 32  #: strips whose planes exist at the same time


def small_lightness(photo: Photo, size: tuple[int, int], workers: Workers) -> Tensor:
    """Return the photo's lightness averaged down, or interpolated up, to a size: L*, (h, w)."""
    return _averaged(photo, size, workers, lambda rows: color.lightness(rows, photo.space)[None])[0]


def small_picture(photo: Photo, size: tuple[int, int], workers: Workers) -> Tensor:
    """Return the photo averaged down, or interpolated up, to a size: (1, 3, h, w), sRGB."""
    return _averaged(photo, size, workers, lambda rows: color.to_picture(rows, photo.space))[None]


def grey_picture(lightness: Tensor) -> Tensor:
    """Return the grey sRGB picture, (1, 3, h, w), that has this L*, (h, w)."""
    none = torch.zeros_like(lightness)
    return color.from_lab(torch.stack([lightness, none, none])).clamp(0, 1)[None]


def _averaged(
    photo: Photo, size: tuple[int, int], workers: Workers, planes: Callable[[Tensor], Tensor]
) -> Tensor:
    """Average the planes, (C, rows, W), of every strip; added in order, so that sums repeat."""
    height, width = photo.pixels.shape[:2]

    def convert(rows: tuple[int, int]) -> Tensor:
        return planes(torch.from_numpy(photo.pixels[rows[0] : rows[1]]))

    smalls: list[Overview] = []
    cut = list(strips(height, width))
    for start in range(0, len(cut), TOGETHER):
        some = cut[start : start + TOGETHER]
        for (top, _), converted in zip(some, workers.each(convert, some), strict=True):
            smalls = smalls or [Overview((height, width), size) for _ in converted]
            for small, plane in zip(smalls, converted, strict=True):
                small.add(top, plane)
    return torch.stack([small.result() for small in smalls])
