"""Drawings that repeat themselves: squared paper, hatching, chequers, exact to the level.

A pattern that disturbs a photo lies over something that does not repeat, if it is only the noise
of the sensor. Where each period is the same as the last, there is nothing under the pattern: it
is the picture.
"""

from __future__ import annotations

import numpy as np

from .sampling import Pixels, full_scale, windows

_SIZE = 96  # side of a window
_WINDOWS = 8  # such windows along each side of a photo
_MOST = 24  # periods that may pass until the pattern meets the pixels' grid again
_SHARE = 0.5  # of the windows that are not plain


def repeats(pixels: Pixels, fy: float, fx: float) -> bool:
    """Tell whether most of a picture repeats itself exactly, along rows or along columns.

    Args:
        pixels: (H, W, C) uint8 or uint16, 96 pixels a side at least.
        fy: The pattern's frequency, in cycles per pixel downward.
        fx: To the right.
    """
    axis, frequency = (0, abs(fy)) if abs(fy) > abs(fx) else (1, abs(fx))
    steps = [round(times / frequency) for times in range(1, _MOST + 1)]
    level = full_scale(pixels) // 255
    plain = exact = total = 0
    for part in windows(pixels, _SIZE, _SIZE, _WINDOWS):
        lines = part.swapaxes(0, axis).astype(np.int32)
        total += 1
        if np.ptp(lines, axis=(0, 1)).max() <= level:
            plain += 1
            continue
        alike = (np.abs(lines[n:] - lines[:-n]).max() <= level for n in steps if n <= _SIZE // 2)
        exact += any(alike)
    return exact > 0 and exact >= _SHARE * (total - plain)
