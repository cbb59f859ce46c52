"""The energy that noise has in a block of a picture, and how far chance lets it stray.

Noise is the same function of brightness all over a picture; structure comes on top of it, here
and there. So the blocks of a brightness that have the least energy tell what noise has there. The
sum of squares in a block is taken to follow a scaled chi-square law: of many degrees of freedom
if the noise is white, of few if neighbouring pixels are alike.

Source: Wilson and Hilferty 1931, "The Distribution of Chi-Square", PNAS 17 (of energy in
multiples of its mean, the cube root is almost normal; its variance is 2 / 9 per degree).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_BINS = 16  # of brightness
_LEVELS = 256 / _BINS  # 8-bit levels that a bin is wide
_LEAST_MARGIN = 3.0  # levels from black and white
_ENOUGH = 60  # blocks of a bin; with fewer, those of the nearest brightness join
_STEEP = 1.6  # the energy of noise changes no faster from bin to bin: a sky tells of a meadow
_MOST = 200_000  # blocks that are looked at
_LOW, _LOW_DEVIATE = 0.2, -0.8416  # the share of blocks below the floor; as a normal deviate
_LOWEST, _LOWEST_DEVIATE = 0.05, -1.6449
_HIGH_DEVIATE = 3.0  # noise seldom has more
_UNEVEN = 1.3  # how much wider real noise strays than the law, at most
_WIDEST = 0.35  # deviation of the cube root; beyond it, the low quantile says little
_NARROWEST = 0.034  # a block of three channels of white noise


class Floor:
    """The noise floor of blocks whose brightness, (n,) in 8-bit levels, is sorted into bins.

    Black and white cut noise off, so blocks that are nearer to them than noise reaches tell
    nothing of the others: a white frame would make all noise beside it look like structure.

    Args:
        brightness: Of each block.
        deviation: Of what was removed, in levels: how far noise reaches, about.
    """

    def __init__(self, brightness: Floats, deviation: float) -> None:
        self._brightness = brightness
        self._step = -(-len(brightness) // _MOST)
        some = brightness[:: self._step]
        order = np.argsort(some, kind="stable")
        margin = min(max(deviation, _LEAST_MARGIN), _LEVELS)
        free = order[(some[order] > margin) & (some[order] < 255 - margin)]
        self._order = free if len(free) >= _ENOUGH else order
        rising = some[self._order]
        self._centres = (np.arange(_BINS, dtype=np.float32) + 0.5) * _LEVELS
        first = np.searchsorted(rising, self._centres - _LEVELS / 2)
        last = np.searchsorted(rising, self._centres + _LEVELS / 2)
        lacking = np.maximum(_ENOUGH - (last - first), 0)
        first = np.clip(first - lacking // 2, 0, max(0, len(rising) - _ENOUGH))
        self._bins = [slice(a, max(b, a + _ENOUGH)) for a, b in zip(first, last, strict=True)]

    def telling(self, values: Floats) -> Floats:
        """Return the values, of (n,), of blocks that tell of noise; darkest first."""
        return values[:: self._step][self._order]

    def low(self, energy: Floats) -> Floats:
        """Return the low quantile of the energy (n,) at each block's brightness: (n,)."""
        sorted_in = self.telling(energy)
        low = np.array([np.quantile(sorted_in[one], _LOW) for one in self._bins])
        # The darkest and the brightest are often clipped, and say nothing of the others.
        apart = np.abs(np.subtract.outer(np.arange(_BINS), np.arange(1, _BINS - 1)))
        low = np.minimum(low, (low[1:-1] * _STEEP**apart).min(1))
        found: Floats = np.interp(self._brightness, self._centres, low).astype(np.float32)
        return found


def highest(multiples: Floats, likeness: float) -> float:
    """Return what noise seldom exceeds, as the mean over a block and its neighbours.

    In multiples of the low quantile, as its argument; read off the blocks with little energy.

    Args:
        multiples: (n,), the energy of blocks.
        likeness: Correlation of neighbouring pixels, 0 .. 1. Few degrees of freedom are only
            believed where it is high: structure spreads the energy of blocks too.
    """
    low, lowest = np.quantile(multiples, (_LOW, _LOWEST))
    ratio = float(np.cbrt(lowest / low)) if low > 0 else 1.0
    deviation = 0.0
    if ratio < 1:
        # With m the mean of the cube root and d its deviation: m / d is this, and m + d**2 = 1.
        steady = (_LOW_DEVIATE * ratio - _LOWEST_DEVIATE) / (1 - ratio)
        deviation = (np.sqrt(steady**2 + 4) - steady) / 2
    widest = np.clip(_UNEVEN * _deviation(likeness), _NARROWEST, _WIDEST)
    deviation = float(np.clip(deviation, _NARROWEST, widest))
    mean = (1 - deviation**2 + _LOW_DEVIATE * deviation) ** -3
    few = deviation / 2  # nine blocks, not wholly independent: about four times the degrees
    return mean * (1 - few**2 + _HIGH_DEVIATE * few) ** 3


def _deviation(likeness: float) -> float:
    """Return the deviation of the cube root in a block of 8 x 8 whose noise decays evenly."""
    apart = np.arange(1, 8)
    degrees = 8 / (1 + 2 * ((1 - apart / 8) * likeness ** (2 * apart)).sum())
    return float(np.sqrt(2 / 9) / degrees)
