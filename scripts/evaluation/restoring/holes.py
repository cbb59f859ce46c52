"""The fixed holes for filling: lines and blobs, half of the area each, over 3% of a picture.

Not the training's generator (`degrading.damage`): other shapes, drawn in another way, so that a
network is not tested on what it has seen.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Random = np.random.Generator
Mask = NDArray[np.bool_]
"""(H, W), true where the picture is lost."""

SHARE = 0.03  #: of the picture; what is drawn last goes a little beyond
WIDTHS = (1, 6)  #: of lines, pixels
LENGTHS = (0.1, 0.6)  #: of lines, of the longer side
BEND = 0.25  #: of a line's length that its middle is off the straight line, at most
SIZES = (4, 24)  #: of blobs, pixels across at their longest
_BUMPS = (2, 3, 5)  #: waves around a blob's outline
_DEEPEST = 0.15  #: share of the radius that each wave takes away, at most
_POINTS = 64  #: along a line


def holes(height: int, width: int, seed: int) -> Mask:
    """Draw the holes of a picture."""
    random = np.random.default_rng(seed)
    lines, blobs = np.zeros((height, width), bool), np.zeros((height, width), bool)
    while (lines | blobs).mean() < SHARE:
        if lines.sum() <= blobs.sum():
            lines |= _line(height, width, random)
        else:
            blobs |= _blob(height, width, random)
    return lines | blobs


def _line(height: int, width: int, random: Random) -> Mask:
    """Draw a scratch: a curve of Bezier's with three points, of one width."""
    y, x = np.ogrid[:height, :width]
    thick = random.uniform(*WIDTHS)
    length = random.uniform(*LENGTHS) * max(height, width)
    turn = random.uniform(0, np.pi)
    along = length / 2 * np.array([np.sin(turn), np.cos(turn)])
    across = 2 * BEND * random.uniform(-1, 1) * np.array([along[1], -along[0]])
    middle = random.uniform((0, 0), (height, width))
    first, second, third = middle - along, middle + 2 * across, middle + along
    t = np.linspace(0, 1, _POINTS)[:, None]
    points = (1 - t) ** 2 * first + 2 * t * (1 - t) * second + t**2 * third
    mask = np.zeros((height, width), bool)
    for start, stop in pairwise(points):
        # Only the window around a piece is looked at.
        low = np.floor(np.minimum(start, stop) - thick).astype(int).clip(0)
        high = np.ceil(np.maximum(start, stop) + thick).astype(int).clip(0) + 1
        rows, columns = slice(low[0], high[0]), slice(low[1], high[1])
        near = _distance(y[rows], x[:, columns], start, stop) <= thick / 2
        mask[rows, columns] |= near
    return mask


def _distance(
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    start: NDArray[np.float64],
    stop: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far pixels, (H, 1) and (1, W), are from a straight piece: (H, W)."""
    step = stop - start
    share = ((y - start[0]) * step[0] + (x - start[1]) * step[1]) / max(float(step @ step), 1e-9)
    share = share.clip(0, 1)
    distance: NDArray[np.float64] = np.hypot(
        y - start[0] - share * step[0], x - start[1] - share * step[1]
    )
    return distance


def _blob(height: int, width: int, random: Random) -> Mask:
    """Draw a speck with a wavy outline."""
    radius = random.uniform(*SIZES) / 2
    top, left = random.uniform((0, 0), (height, width))
    waves = [(bumps, random.uniform(0, _DEEPEST), random.uniform(0, 2 * np.pi)) for bumps in _BUMPS]
    mask = np.zeros((height, width), bool)
    rows, columns = (
        slice(max(0, int(middle - radius)), int(middle + radius) + 2) for middle in (top, left)
    )
    y, x = np.ogrid[:height, :width]
    down, across = y[rows] - top, x[:, columns] - left
    angle = np.arctan2(down, across)
    outline = np.ones(angle.shape)
    for bumps, deep, phase in waves:
        outline -= deep * (1 + np.cos(bumps * angle + phase)) / 2
    mask[rows, columns] = np.hypot(down, across) <= radius * outline
    return mask
