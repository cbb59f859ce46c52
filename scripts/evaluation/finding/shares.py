"""Shares of pixels: what of the damage is found, what of what is found is damage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restore.masks import grown

Mask = NDArray[np.bool_]

NEAR = 2  #: pixels beside damage that may be taken for it: a mask covers soft edges too


@dataclass(frozen=True)
class Shares:
    """Counts of pixels over some pictures."""

    damaged: int
    found: int  #: of those
    taken: int  #: for damage
    right: int  #: of those

    @classmethod
    def of(cls, mask: Mask, damaged: Mask, unsure: Mask | None = None, grace: int = 0) -> Shares:
        """Count one picture's.

        Args:
            mask: (H, W), what was taken for damage.
            damaged: The truth.
            unsure: What may be taken for damage, and need not be.
            grace: By how many pixels the truth may lie beside what was found.
        """
        allowed = wider(damaged if unsure is None else damaged | unsure, NEAR)
        reached = wider(mask, grace)
        return cls(
            *(int(part.sum()) for part in (damaged, damaged & reached, mask, mask & allowed))
        )

    def __add__(self, other: Shares) -> Shares:
        return Shares(
            self.damaged + other.damaged,
            self.found + other.found,
            self.taken + other.taken,
            self.right + other.right,
        )

    @property
    def recall(self) -> float:
        return self.found / max(1, self.damaged)

    @property
    def precision(self) -> float:
        """1 where nothing was taken for damage."""
        return self.right / self.taken if self.taken else 1.0


def wider(mask: Mask, by: int) -> Mask:
    """Return a mask grown by some pixels."""
    return grown(mask.view(np.uint8), by).view(bool) if by else mask
