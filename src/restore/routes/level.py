"""What noise is like, seen where a picture is flat; classical, for want of a network.

Blocks are measured by a mask that leaves out constants, slopes and straight edges: at full
size, at half and at a quarter. Those with the least to measure count: of the dark ones, of the
bright ones, and of those between.

Source: Immerkaer 1996, "Fast Noise Variance Estimation", CVIU 64(2) (the mask).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sampling import Floats, Pixels, in_levels, windows

_BLOCK = 24  # pixels
_MOST = 64  # blocks along each side of a photo
_FLAT = 0.08  # share of the blocks that counts as flat
_FEWEST = 3  # of a group, where there are so many
_GROUPS = 4  # of blocks, by brightness: the flattest are not to be all in the sky
_CLIPPED = 0.25  # share of black and white pixels in a block that is left out
_SCALES = (1, 2, 4)
_SMALL = 0.05  # levels: a deviation below it is none


@dataclass(frozen=True)
class Noise:
    """What is left of a picture in its flat blocks: deviations in 8-bit levels.

    White noise keeps at full size what it has, and halves at every scale.
    """

    channels: tuple[float, ...]  #: of each channel, at full or half size, whichever shows more
    luma: tuple[float, float, float]  #: of the channels' mean, at full, half and quarter size
    colour: tuple[float, float, float]  #: of the differences to green, halved in power, likewise
    steadiness: float  #: 0 to 1: noise is much the same in all blocks, texture is not
    span: float  #: natural logarithm: how far luma differs between dark and bright


def _masked(block: Floats) -> Floats:
    """Apply Immerkaer's mask to (h, w, planes); white noise keeps its deviation."""
    down = block[:-2] - 2 * block[1:-1] + block[2:]
    both = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return both / np.float32(6)


def _shrunk(block: Floats, by: int) -> Floats:
    height, width, planes = block.shape
    return block.reshape(height // by, by, width // by, by, planes).mean((1, 3))


def _variances(block: Floats) -> Floats:
    """Return a block's (scales, C + 2): of each channel, of luma and of colour."""
    luma = block.mean(2, keepdims=True)
    differences = block - block[..., [1 % block.shape[2]]]
    planes = np.concatenate([block, luma, differences], axis=2)
    channels = block.shape[2]
    rows = []
    for scale in _SCALES:
        power = np.square(_masked(_shrunk(planes, scale))).mean((0, 1))
        colour = power[channels + 1 :].sum() / 4
        rows.append([*power[: channels + 1], colour])
    return np.array(rows, np.float32)


def _lowest(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the median of the flattest blocks: (n, ...) -> (...), each column by itself."""
    count = max(int(_FLAT * len(values)), _FEWEST)
    return np.median(np.sort(values, axis=0)[:count], axis=0)


def measured(pixels: Pixels) -> Noise | None:
    """Measure noise where a picture is flat.

    Args:
        pixels: (H, W, C) uint8 or uint16.

    Returns:
        None if the picture is smaller than a block, or clipped everywhere.
    """
    if min(pixels.shape[:2]) < _BLOCK:
        return None
    brightness, variances = [], []
    for part in windows(pixels, _BLOCK, _BLOCK // 2, _MOST):
        block = in_levels(part)
        if ((block < 2) | (block > 253)).any(2).mean() <= _CLIPPED:
            brightness.append(float(block.mean()))
            variances.append(_variances(block))
    if not variances:
        return None
    every = np.sqrt(np.stack(variances))  # (n, scales, C + 2)
    parts = np.array_split(np.argsort(brightness, kind="stable"), _GROUPS)
    groups = np.stack([_lowest(every[part]) for part in parts if len(part)])
    flat = np.median(groups, axis=0)
    half = every[:, 1, -2]
    by_tone = np.log(groups[:, 1, -2] + _SMALL)
    return Noise(
        tuple(float(level) for level in flat[:2, :-2].max(0)),
        (float(flat[0, -2]), float(flat[1, -2]), float(flat[2, -2])),
        (float(flat[0, -1]), float(flat[1, -1]), float(flat[2, -1])),
        float(np.quantile(half, 0.05) / max(np.quantile(half, 0.4), _SMALL)),
        float(by_tone.max() - by_tone.min()),
    )
