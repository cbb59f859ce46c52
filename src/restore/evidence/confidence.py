"""How sure a colour is, from how far true samples of it differ.

*Spread* is the mean distance of true samples from the expected colour in a cell of the grid, in
CIE units of ab. Distances are not squared: the few samples that go far astray would decide alone,
and with eight of them the mean distance ranks the errors of training photographs better.
*Expected error*, in CIEDE2000, is `constant` times the spread.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..resample import Resized

BLACK = 20.0  #: the expected error that a confidence map shows as black

Map = NDArray[np.uint8]


def spread(samples: Tensor, expected: Tensor | None = None) -> Tensor:
    """Return the mean distance of samples from what is expected, in each cell: (h, w).

    Args:
        samples: (S, 2, h, w), S >= 2.
        expected: (2, h, w). None: the samples' mean.

    Raises:
        ValueError: For fewer than two samples, which cannot differ.
    """
    if len(samples) < 2:
        raise ValueError(f"no spread of {len(samples)} samples")
    middle = samples.mean(dim=0) if expected is None else expected
    return (samples - middle).square().sum(dim=1).sqrt().mean(dim=0)


def confidence(spread: Tensor, constant: float) -> Tensor:
    """Return 1 where no error is to be expected, falling evenly to 0 at `BLACK` and beyond."""
    return (1 - spread * (constant / BLACK)).clamp(0, 1)


def guessed_share(spread: Tensor, constant: float, threshold: float = 10.0) -> float:
    """Return the share of the picture whose expected error is above `threshold`, in [0, 1]."""
    return float((spread * constant > threshold).double().mean())


class ConfidenceMap:
    """The confidence of a grid (h, w), seen at a photo's size (H, W), strip by strip."""

    def __init__(self, spread: Tensor, size: tuple[int, int], constant: float) -> None:
        self._map = Resized(confidence(spread, constant)[None], size)

    def rows(self, top: int, bottom: int) -> Map:
        """Return rows top .. bottom - 1 as grey levels, white for certain: (bottom - top, W)."""
        rows = self._map.rows(top, bottom)[0]
        levels: Map = rows.clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
        return levels
