"""Looking at a large photo in a bounded number of windows, spread evenly and always the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""A photo's own integers: (H, W, C), C 1 or 3."""

Floats = NDArray[np.float32]


def full_scale(pixels: Pixels) -> int:
    """Return the integer that stands for white."""
    return int(np.iinfo(pixels.dtype).max)


def in_levels(pixels: Pixels) -> Floats:
    """Return float32 in 8-bit levels, 0 to 255."""
    return pixels.astype(np.float32) * np.float32(255 / full_scale(pixels))


def spread(length: int, size: int, hop: int, most: int) -> list[int]:
    """Return where windows of `size` start on an axis: a hop apart, or wider, from end to end.

    Args:
        length: Of the axis, at least `size`.
        size: Of a window.
        hop: The most that two starts may differ where `most` windows suffice.
        most: How many windows there may be.

    >>> spread(100, size=40, hop=25, most=8)
    [0, 20, 40, 60]
    """
    count = min(-(-(length - size) // max(hop, 1)) + 1, most)
    if count <= 1:
        return [(length - size) // 2]
    return [i * (length - size) // (count - 1) for i in range(count)]


def windows(pixels: Pixels, size: int, hop: int, most: int) -> Iterator[Pixels]:
    """Yield views of a photo, (h, w, C), `most` at most along each side, row by row.

    A window is `size` pixels a side, or as many as the photo has.
    """
    height, width = (min(side, size) for side in pixels.shape[:2])
    for top in spread(pixels.shape[0], height, hop, most):
        for left in spread(pixels.shape[1], width, hop, most):
            yield pixels[top : top + height, left : left + width]
