"""Colours that a person knows, put on a grid of chroma and obeyed there.

A network hears a hint and mostly follows it; a person expects it to be followed exactly. So what
is still missing at the hinted cells is added, and spreads from them to their neighbours as heat
does: easily where lightness is alike, hardly over edges, a little less with every cell. That is
the idea of Levin, Lischinski and Weiss, "Colorization using Optimization" (2004); what spreads
here is a correction, and a loss ends it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..backend import Hint

ALIKE = 10.0  #: L*: neighbouring cells that differ by more are hardly of one object
LOSS = 0.01  #: of what spreads, per cell; on even ground a tenth is left six cells away
ROUNDS = 64  #: of exchange between neighbours; a cell hears of hints up to so many cells away

_ACROSS, _ALONG = 0.5, 1.0  # how much diagonal and direct neighbours count


@dataclass(frozen=True)
class Known:
    """Hints on a grid; where several fall into one cell, the last counts."""

    ab: Tensor  #: (1, 2, h, w), CIE units, 0 where nothing is known
    where: Tensor  #: (1, 1, h, w), 1 where it is, else 0

    @classmethod
    def of(cls, hints: tuple[Hint, ...], height: int, width: int) -> Known:
        """Put hints on a grid of `height` by `width` cells."""
        ab, where = torch.zeros(1, 2, height, width), torch.zeros(1, 1, height, width)
        for hint in hints:
            y, x = int(hint.y * height), int(hint.x * width)
            ab[0, :, y, x] = torch.tensor(hint.ab)
            where[0, :, y, x] = 1
        return cls(ab, where)

    def to(self, device: torch.device) -> Known:
        return Known(self.ab.to(device), self.where.to(device))

    def obeyed(self, ab: Tensor, lightness: Tensor) -> Tensor:
        """Return chroma that is what is known where it is known, and moves with it around.

        Args:
            ab: (1, 2, h, w), CIE units.
            lightness: (1, 1, h, w), L*.
        """
        if not self.where.any():
            return ab
        share = _likeness(lightness)
        share = share / (share.sum(0) + LOSS)
        missing = (self.ab - ab) * self.where
        spread = missing
        for _ in range(ROUNDS):
            spread = torch.lerp((share * _neighbours(spread)).sum(0), missing, self.where)
        return ab + spread


def _likeness(lightness: Tensor) -> Tensor:
    """Return how freely each cell exchanges with its eight neighbours: (8, 1, 1, h, w)."""
    steps = (_neighbours(lightness) - lightness) / ALIKE
    across, along = _ACROSS, _ALONG
    place = [across, along, across, along, along, across, along, across]
    return torch.exp(-steps.square() / 2) * steps.new_tensor(place).view(8, 1, 1, 1, 1)


def _neighbours(cells: Tensor) -> Tensor:
    """Return the eight cells around each: (1, C, h, w) -> (8, 1, C, h, w). Edges repeat."""
    height, width = cells.shape[-2:]
    padded = F.pad(cells, (1, 1, 1, 1), mode="replicate")
    places = [(y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    return torch.stack([padded[..., y : y + height, x : x + width] for y, x in places])
