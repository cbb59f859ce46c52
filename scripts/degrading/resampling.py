"""Making a picture smaller and as large as before."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

Kernel = Literal["bilinear", "bicubic"]


def resampled(picture: Tensor, factor: float, kernel: Kernel) -> Tensor:
    """Shrink a picture and enlarge it to its own size; nothing is clipped.

    Shrinking widens the kernel, so that nothing aliases, as image editors do it.

    Args:
        picture: (N, C, H, W).
        factor: Of both sides, above 0 and up to 1; the sides are rounded to whole pixels.
        kernel: Used both ways.

    Raises:
        ValueError: If the factor is outside its range.

    Source: Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", IEEE
    TASSP 29(6), with a = -0.5.
    """
    if not 0 < factor <= 1:
        raise ValueError(f"a factor from 0 to 1 shrinks, not {factor}")
    height, width = picture.shape[-2:]
    small = F.interpolate(
        picture,
        size=(max(1, round(height * factor)), max(1, round(width * factor))),
        mode=kernel,
        antialias=True,
    )
    return F.interpolate(small, size=(height, width), mode=kernel, antialias=True)
