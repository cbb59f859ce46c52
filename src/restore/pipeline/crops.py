"""Where holes are filled from: crops with context around each place, or tiles that cover it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import tiles
from ..backend import Limits
from ..masks import Holes, Mask

CONTEXT = 32  #: pixels around a hole that are shown at least, if a tile has room
FADE = 16  #: pixels more, over half of which tiles of one place give way to each other

Weight = NDArray[np.float32]


@dataclass(frozen=True)
class Along:
    """A crop's stretch of one axis, and which of its ends cut through the place."""

    start: int
    stop: int
    cuts: tuple[bool, bool]

    def weight(self, untrusted: int, fade: int) -> Weight:
        """Return how much each pixel's answer counts: (stop - start,), in [0, 1].

        Nothing as near to a cut as `untrusted`; from there on ever more, up to the full weight
        after twice `fade`, so that neighbours meet at a half.
        """
        places = np.arange(self.stop - self.start, dtype=np.float32) + 0.5
        distance = np.full(len(places), np.inf, np.float32)
        for cut, from_end in zip(self.cuts, (places, places[::-1]), strict=True):
            if cut:
                distance = np.minimum(distance, from_end)
        return ((distance - untrusted) / (2 * fade or 1e-3)).clip(0, 1).astype(np.float32)


@dataclass(frozen=True)
class Crop:
    """A part of the photo that is looked at to fill a place, or a part of it."""

    place: int
    rows: Along
    columns: Along
    untrusted: int
    fade: int

    @property
    def window(self) -> tiles.Box:
        return tiles.Box(self.rows.start, self.rows.stop, self.columns.start, self.columns.stop)

    def weight(self) -> Weight:
        """Return how much the answer counts at each pixel: (H, W)."""
        down, across = (along.weight(self.untrusted, self.fade)
                        for along in (self.rows, self.columns))  # fmt: skip
        return down[:, None] * across

    def mine(self, holes: Holes) -> Mask:
        """Return which pixels of the window this crop helps to fill."""
        return holes.of_place(self.place, self.window) & (self.weight() > 0)


def nearness(limits: Limits) -> int:
    """Return how far apart holes are filled by themselves: crops would overlap below."""
    return max(limits.overlap, CONTEXT) + FADE


def crops(holes: Holes, tile: int, limits: Limits) -> list[Crop]:
    """Return the crops that fill every hole, none of them larger than `tile`.

    All start at multiples of `limits.multiple_of`, as noise by place asks for; only those that
    the photo ends in may be no multiple long, or shorter than `limits.minimum`.
    """
    most = tile // 4  # on each side, so that half of a tile is its core
    context = max(limits.overlap, min(nearness(limits), most))
    found = []
    height, width = holes.hole.shape
    for place, box in enumerate(holes.places):
        down = _along(box.top, box.bottom, height, context, tile, limits)
        across = _along(box.left, box.right, width, context, tile, limits)
        whole = len(down) == len(across) == 1
        for rows in down:
            for columns in across:
                crop = Crop(place, rows, columns, limits.overlap, context - limits.overlap)
                if whole or crop.mine(holes).any():
                    found.append(crop)
    return found


def _along(
    start: int, stop: int, length: int, context: int, tile: int, limits: Limits
) -> list[Along]:
    """Cover a place's stretch of an axis, and its context, with as few windows as `tile` allows."""
    unit = limits.multiple_of
    least = min(-(-limits.minimum // unit) * unit, tile)
    first = max(0, start - context) // unit * unit
    last = min(length, -(-(stop + context) // unit) * unit)
    last = min(length, max(last, first + least))
    first = max(0, min(first, (last - least) // unit * unit))
    parts = tiles.windows(last - first, tile, context, unit)
    return [
        Along(first + part.start, first + part.stop, (part is not parts[0], part is not parts[-1]))
        for part in parts
    ]
