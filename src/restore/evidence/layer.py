"""The removed layer made visible, and said in one sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .removed import Pixels, Removed, levels

GREY = 128  #: where nothing was removed
_GAINS = (16, 12, 8, 6, 4, 3, 2, 1)  # round numbers, the most first
_DEVIATIONS = 3  # of the layer that stay within the range
_RANDOM = 0.85  # share from which on the layer counts as random
_MUCH = 0.3  # share of it, that is to be said
_FOLLOWS = 0.4  # correlation with edges, from which on less would be nearer to the truth


def display_gain(amount: float) -> float:
    """Return a round gain, 1 to 16, at which a layer of that RMS, in levels, fills the range."""
    fits = (gain for gain in _GAINS if gain * amount * _DEVIATIONS < GREY)
    return float(next(fits, _GAINS[-1]))


def shown(before: Pixels, after: Pixels, gain: float) -> NDArray[np.uint8]:
    """Return what was removed, amplified and centred on grey: uint8 of the same shape.

    Args:
        before: (rows, W, C), uint8 or uint16.
        after: Likewise.
        gain: 1 shows a removed 8-bit level as one level.
    """
    layer = (levels(before) - levels(after)) * np.float32(gain)
    return (layer + GREY).round().clip(0, 255).astype(np.uint8)


def advice(removed: Removed, strength: float = 1.0, given_back: float = 0.0) -> str:
    """Return what was found in one sentence, and what to do about it.

    Args:
        removed: What was taken away in the end.
        strength: That it was taken away with, 0 to 1.
        given_back: Share of the energy of what a network took, that is detail or grain: 0 to 1.
    """
    if removed.amount == 0:
        return "nothing was removed"
    if given_back >= _MUCH:
        return (
            f"{given_back:.0%} of what the network took was given back, as it follows structure: "
            f"{removed.amount:.1f} levels went; --keep none takes it all"
        )
    if removed.random_share >= _RANDOM:
        found = f"{removed.random_share:.0%} of what was removed looks random"
        # Below full strength noise stays, and is what the removed layer follows best.
        if removed.edge_correlation < _FOLLOWS or strength < 1:
            return found
        lower = 1 - removed.edge_correlation / 2  # fitted to simulations whose truth is known
        return f"{found}, but it follows edges: lower --strength to {lower:.1f}"
    found = f"{1 - removed.random_share:.0%} of what was removed follows edges"
    lower = max(0.1, round(strength * removed.random_share, 1))
    return f"{found}: lower --strength to {lower:.1f}" if lower < strength else found
