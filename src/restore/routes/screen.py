"""A printer's screen of pure black and white dots, and the grey that it stands for.

The size of such dots is the picture, so the spectrum has it all around the screen's own lines,
where no notch reaches; and what a notch leaves lies beyond black and white. But there is no
detail finer than a dot either: a mean over the dots around loses nothing, and keeps the tone.

Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, section 4.8 (Gaussian
low-pass filters, and what they do to dots).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..resample import strips
from .sampling import Floats, Pixels, full_scale, windows

_NEAR = 24  # levels from black or white: JPEG and scanners soften dots
_SHARE = 0.85  # of the values, that are as near
_STRONG = 30.0  # levels: amplitude of a screen's strongest line; drawings have weaker ones
_WIDTH = 0.5  # periods that the Gaussian's deviation is: 1% is left of the line
_REACH = 3  # deviations
_SIZE = 128  # side of a window in which values are counted
_WINDOWS = 8  # such windows along each side of a photo


def is_screen(pixels: Pixels, amplitude: float) -> bool:
    """Tell whether a picture is a screen of pure black and white dots.

    Args:
        pixels: (H, W, C) uint8 or uint16.
        amplitude: Of the strongest line in its spectrum, in 8-bit levels.
    """
    if amplitude < _STRONG:
        return False
    near = full_scale(pixels) * _NEAR / 255
    shares = [
        ((part < near) | (part > full_scale(pixels) - near)).mean()
        for part in windows(pixels, _SIZE, _SIZE, _WINDOWS)
    ]
    return float(np.mean(shares)) >= _SHARE


def descreened(pixels: Pixels, period: float) -> Pixels:
    """Average over the dots: a Gaussian, half a period wide.

    Args:
        pixels: (H, W, C) uint8 or uint16.
        period: Of the screen, in pixels.

    Returns:
        Its like.
    """
    height, width, _ = pixels.shape
    deviation = _WIDTH * period
    reach = int(np.ceil(_REACH * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    kernel = (weights / weights.sum()).tolist()
    result = np.empty_like(pixels)
    for top, bottom in strips(height, width):
        rows = np.clip(np.arange(top - reach, bottom + reach), 0, height - 1)
        part = np.pad(pixels[rows].astype(np.float32), ((0, 0), (reach, reach), (0, 0)), "edge")
        down = _weighted([part[i : i + bottom - top] for i in range(len(kernel))], kernel)
        across = _weighted([down[:, i : i + width] for i in range(len(kernel))], kernel)
        result[top:bottom] = np.rint(across)
    return result


def _weighted(planes: Sequence[Floats], weights: Sequence[float]) -> Floats:
    total = np.zeros_like(planes[0])
    for plane, weight in zip(planes, weights, strict=True):
        total += np.float32(weight) * plane
    return total
