"""What enlarging has beside a backend's picture: the photo's alpha, and whether anything is new."""

from __future__ import annotations

import numpy as np
import torch

from .. import photo
from ..photo import Photo
from ..resample import cubic_weights, strips
from .restored import Pixels
from .workers import Workers


def enlarged(source: Photo, scale: int, workers: Workers) -> Photo:
    """Return what a result `scale` times as wide and high is to be given back."""
    alpha = None if source.alpha is None else enlarged_plane(source.alpha, scale, workers)
    return photo.enlarged(source, scale, alpha)


def enlarged_plane(plane: Pixels, scale: int, workers: Workers) -> Pixels:
    """Enlarge a plane of integers, (H, W), to (H * scale, W * scale), bicubic, by strips."""
    height, width = plane.shape
    down, across = cubic_weights(height, height * scale), cubic_weights(width, width * scale)
    result, full = np.empty((height * scale, width * scale), plane.dtype), np.iinfo(plane.dtype).max

    def strip(rows: tuple[int, int]) -> None:
        first, matrix = down.block(*rows)
        touched = torch.from_numpy(plane[first : first + matrix.shape[1]].astype(np.float32))
        values = matrix @ across.along_rows(touched)
        result[slice(*rows)] = values.round().clamp(0, full).numpy()

    workers.each(strip, strips(*result.shape))
    return result


def repetition_notice(before: Pixels, after: Pixels, scale: int) -> tuple[str, ...]:
    """Return a notice if a result, (H * scale, W * scale, C), only repeats the photo's pixels."""
    for top, bottom in strips(*before.shape[:2]):
        repeated = before[top:bottom].repeat(scale, 0).repeat(scale, 1)
        if not np.array_equal(repeated, after[top * scale : bottom * scale]):
            return ()
    return ("no detail was added: every pixel is only repeated",)
