"""The share of a removed layer that goes, from block to block, seen at a photo's size."""

from __future__ import annotations

from torch import Tensor

from ..resample import Resized, area_weights
from .removed import BLOCK


class Kept:
    """Factors of blocks (h, w), at the size (H, W) of their photo, strip by strip."""

    def __init__(self, keep: Tensor, size: tuple[int, int]) -> None:
        height, width = keep.shape
        # Blocks beyond the photo's edge are whole here, and cut off below.
        self._map = Resized(keep[None], (height * BLOCK, width * BLOCK), area_weights)
        self._width = size[1]

    def rows(self, top: int, bottom: int) -> Tensor:
        """Return rows top .. bottom - 1 of the factors, linear between blocks: (rows, W)."""
        return self._map.rows(top, bottom)[0, :, : self._width]
