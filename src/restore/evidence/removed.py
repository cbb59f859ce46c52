"""What a denoiser took away: how much, and how much of that looks random.

The removed layer is before - after, in 8-bit levels. It is gathered in blocks of 8 x 8 pixels,
a strip at a time; only the blocks' numbers are kept. Structure is judged in luma, where eyes see
detail: what compression smeared at coloured edges is repaired there, and is no loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .randomness import Blocks, Judge, agreement

BLOCK = 8  #: pixels along a side
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601: JPEG's chroma has none

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Removed:
    """The removed layer in numbers; levels are 8-bit levels."""

    amount: float  #: RMS, levels
    mean_change: float  #: mean of the absolute values, levels
    random_share: float  #: of its energy, that looks random: 0 .. 1
    #: with the detail that stayed: -1 .. 1; above 0: it was weakened, or part of the noise stayed
    edge_correlation: float
    whiteness: float  #: 1: neighbouring pixels have nothing in common; 0: all
    keep: Tensor  #: (h, w) float32, 0 .. 1: the factor that leaves of it what looks random
    believed: float  #: how far the measured level is, given what was removed: 0 .. 1


def levels(pixels: Pixels) -> Floats:
    """Return float32 in 8-bit levels, 0 to 255."""
    scale = 255 / np.iinfo(pixels.dtype).max
    return pixels.astype(np.float32) * np.float32(scale)


def luma(planes: Floats) -> Floats:
    """Return the luma of (rows, W, 1 or 3): (rows, W)."""
    return planes @ _LUMA if planes.shape[2] == 3 else planes[..., 0]


class RemovedStatistics:
    """Gathers the removed layer of a photo of one size (H, W), each row once, in any order.

    Strips may come from several threads at a time: each writes to blocks of its own.

    Args:
        size: Of the photo.
        level: (h, w), the deviation of its noise in each block as measured before anything was
            removed, in levels; None: it was not.
    """

    def __init__(self, size: tuple[int, int], level: Tensor | None = None) -> None:
        height, width = size
        self._size = size
        h, w = -(-height // BLOCK), -(-width // BLOCK)
        self._brightness = np.zeros((1, h, w), np.float32)
        self._energy = np.zeros((1, h, w), np.float32)
        self._slopes = np.zeros((3, h, w), np.float32)
        self._sums = np.zeros((h, len(Sums._fields)))
        self._measured = np.zeros((h, w), np.float32) if level is None else level.square().numpy()
        self._channels = 1

    def add(self, top: int, before: Pixels, after: Pixels) -> None:
        """Take rows top, top + 1 ...; all but the last rows of a photo come by eights.

        Args:
            top: A multiple of 8.
            before: (rows, W, C), C 1 or 3.
            after: Likewise.
        """
        rows, width, self._channels = after.shape
        kept = levels(after)
        removed = levels(before) - kept
        first = top // BLOCK
        into = slice(first, first + -(-rows // BLOCK))
        self._sums[into] = _sums(removed, kept)
        missing = ((0, -rows % BLOCK), (0, -width % BLOCK))
        self._brightness[0, into] = _cut(np.pad(luma(kept), missing, mode="edge")).mean((1, 3))
        gone, stayed = luma(removed), luma(kept)
        squares = np.square(np.pad(gone, missing))
        self._energy[0, into] = _cut(squares).sum((1, 3)) / self._counts(into)
        self._slopes[:, into] = _slopes(gone, stayed)

    def _counts(self, rows: slice) -> Floats:
        """Return how many pixels of the photo are in each block."""
        height, width = self._size
        h, w = self._energy.shape[1:]
        down = np.minimum(height - BLOCK * np.arange(h), BLOCK)[rows]
        across = np.minimum(width - BLOCK * np.arange(w), BLOCK)
        return np.outer(down, across).astype(np.float32)

    def result(self, believed: float | None = None) -> Removed:
        """Return what was found, once every row was added.

        Args:
            believed: How far the measured level is, as found of what was removed at first; None:
                this is the first.
        """
        sums = Sums(*(float(one) for one in self._sums.sum(0)))
        blocks = Blocks(self._counts(slice(None)), self._brightness, self._energy, self._slopes)
        likeness = min(abs(sums.alike) / sums.pairs, 1.0) if sums.pairs else 0.0
        if believed is None:
            believed = agreement(blocks, self._measured)
        judge = Judge(blocks, likeness, np.float32(believed) * self._measured)
        slopes = np.sqrt(sums.slopes_removed) * np.sqrt(sums.slopes_stayed)
        numbers = self._size[0] * self._size[1] * self._channels
        return Removed(
            amount=float(np.sqrt(sums.squares / numbers)),
            mean_change=sums.change / numbers,
            random_share=judge.random_share(),
            edge_correlation=float(np.clip(sums.slopes / slopes, -1, 1)) if slopes else 0.0,
            whiteness=float(np.clip(1 - likeness, 0, 1)),
            keep=torch.from_numpy(judge.keep()),
            believed=believed,
        )


class Sums(NamedTuple):
    """Sums over pixels, and over pairs of pixels side by side or one below the other."""

    change: float  #: absolute values removed
    squares: float  #: squares removed
    pairs: float  #: of pairs, the mean of both squares
    alike: float  #: of pairs, the product; negative if neighbours differ
    slopes: float  #: of pairs, the product of the differences, in what was removed and stayed
    slopes_removed: float
    slopes_stayed: float


def _sums(removed: Floats, stayed: Floats) -> NDArray[np.float64]:
    """Return sums for each row of blocks, in the order of `Sums`: (h, 7).

    Pairs of pixels lie in one row of blocks, so that strips do not matter.
    """
    rows = []
    for top in range(0, len(removed), BLOCK):
        r, a = removed[top : top + BLOCK], stayed[top : top + BLOCK]
        each = [float(np.abs(r).sum()), _dot(r, r), 0.0, 0.0, 0.0, 0.0, 0.0]
        for near, far in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
            slope, steep = r[far] - r[near], a[far] - a[near]
            each[2] += (_dot(r[near], r[near]) + _dot(r[far], r[far])) / 2
            each[3] += _dot(r[near], r[far])
            each[4] += _dot(slope, steep)
            each[5] += _dot(slope, slope)
            each[6] += _dot(steep, steep)
        rows.append(each)
    return np.array(rows)


def _slopes(removed: Floats, stayed: Floats) -> Floats:
    """Return the sums of products of slopes in each block of two planes (rows, W): (3, h, w).

    Both pixels of a pair lie in one block.
    """
    missing = ((0, -removed.shape[0] % BLOCK), (0, -removed.shape[1] % BLOCK))
    r, a = (_cut(np.pad(plane, missing, mode="edge")) for plane in (removed, stayed))
    sums = np.zeros((3, r.shape[0], r.shape[2]), np.float32)
    for axis in (1, 3):
        slope, steep = np.diff(r, axis=axis), np.diff(a, axis=axis)
        for into, products in zip(sums, (slope * steep, slope**2, steep**2), strict=True):
            into += products.sum((1, 3))
    return sums


def _dot(a: Floats, b: Floats) -> float:
    return float(np.einsum("ijc,ijc->", a, b, dtype=np.float64))


def _cut(plane: Floats) -> Floats:
    """Return a view of a plane's blocks: (h, 8, w, 8)."""
    height, width = plane.shape
    return plane.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
