"""How sure a colour is, from how far true samples of it differ.

*Spread* is the mean distance of true samples from the expected colour in a cell of the grid, in
CIE units of ab. Distances are not squared: the few samples that go far astray would decide alone,
and with eight of them the mean distance ranks the errors of training photographs better.
*Expected error*, in CIEDE2000, is a constant of the backend's times the spread; more inside holes.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..resample import Resized

BLACK = 20.0  #: the expected error that a confidence map shows as black
ERROR_INSIDE = 3.8
"""CIEDE2000 per natural logarithm of the depth: fitted, together with the spread's share, to discs
and lines in 12 photographs that no training saw, filled by our ResShift."""

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


def confidence(error: Tensor) -> Tensor:
    """Return 1 where no error is to be expected, falling evenly to 0 at `BLACK` and beyond."""
    return (1 - error / BLACK).clamp(0, 1)


def guessed_share(error: Tensor, threshold: float = 10.0) -> float:
    """Return the share of the picture whose expected error is above `threshold`, in [0, 1]."""
    return float((error > threshold).double().mean())


def error_inside(depth: Tensor) -> Tensor:
    """Return the error to expect inside a hole beside what samples' spread tells of, in CIEDE2000.

    Samples agree there, more the farther they are from anything known, and are wrong together.

    Args:
        depth: Pixels to the nearest that is known, 1 at the hole's edge.
    """
    return ERROR_INSIDE * depth.log()


class ConfidenceMap:
    """The confidence of a grid (h, w) of errors, seen at a photo's size (H, W), strip by strip."""

    def __init__(self, error: Tensor, size: tuple[int, int]) -> None:
        self._map = Resized(confidence(error)[None], size)

    def rows(self, top: int, bottom: int) -> Map:
        """Return rows top .. bottom - 1 as grey levels, white for certain: (bottom - top, W)."""
        rows = self._map.rows(top, bottom)[0]
        levels: Map = rows.clamp(0, 1).mul(255).round().to(torch.uint8).numpy()
        return levels
