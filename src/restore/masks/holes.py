"""From a mask's grey values to what is filled, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..tiles import Box
from .groups import Mask, Numbers, groups_of

WHITE = 250  #: of 255: from here on a mask is white, whatever JPEG made of it
CELL = 16  #: pixels a side of the cells that holes are gathered in

Values = NDArray[np.uint8]


def grown(values: Values, radius: int) -> Values:
    """Spread every value over the pixels up to `radius` away, the highest wins: (H, W).

    Squares and crosses take turns, so that what grows from a point is an octagon.
    """
    for step in range(radius):
        wider = values.copy()
        np.maximum(wider[:, 1:], values[:, :-1], out=wider[:, 1:])
        np.maximum(wider[:, :-1], values[:, 1:], out=wider[:, :-1])
        across = wider.copy() if step % 2 == 0 else values
        np.maximum(wider[1:], across[:-1], out=wider[1:])
        np.maximum(wider[:-1], across[1:], out=wider[:-1])
        values = wider
    return values


def opacity(values: Values, threshold: int) -> NDArray[np.float32]:
    """Return how much of the filling shows where a mask has these values, all at least `threshold`.

    1 where it is white, less where it is grey, and still above 0 at the threshold.
    """
    white = max(WHITE, threshold)
    share = (values.astype(np.float32) - (threshold - 1)) / np.float32(white - (threshold - 1))
    return np.minimum(share, np.float32(1))


def depths(hole: Mask, most: int = 64) -> NDArray[np.float32]:
    """Return how many pixels each filled one is from the nearest that is kept: (filled pixels,).

    Row by row; 1 at a hole's edge, `most` at most, which a photo's own edge is no nearer to.
    """
    depth = np.zeros(hole.shape, np.float32)
    kept = np.where(hole, np.uint8(0), np.uint8(1))
    left = hole
    for _ in range(most):
        depth[left] += 1
        kept = grown(kept, 1)
        left = kept == 0
        if not left.any():
            break
    return depth[hole]


@dataclass(frozen=True, eq=False)
class Holes:
    """What is to be filled, gathered in places."""

    hole: Mask  #: (H, W)
    number: Numbers  #: (cells down, cells across): of the place, from 0; -1 where nothing is filled
    places: tuple[Box, ...]  #: of pixels, whole cells but for the photo's edges

    @classmethod
    def of(cls, hole: Mask, near: int) -> Holes:
        """Gather holes: those less than about `near` pixels apart share a place."""
        rows, columns = (np.arange(0, side, CELL) for side in hole.shape)
        cells = np.logical_or.reduceat(hole, rows, axis=0)
        cells = np.logical_or.reduceat(cells, columns, axis=1)
        reach = near // (2 * CELL)
        together = groups_of(grown(cells.view(np.uint8), reach).view(bool))
        number = np.full(cells.shape, -1, np.int64)
        for row, start, stop, group in zip(
            *(together.row, together.start, together.stop, together.group), strict=True
        ):
            number[row, start:stop] = group
        number[~cells] = -1
        return cls(hole, number, _places(number, together.count, hole.shape))

    def of_place(self, place: int, window: Box) -> Mask:
        """Return which pixels of a window are filled and belong to a place."""
        top, bottom, left, right = window.top, window.bottom, window.left, window.right
        rows, columns = np.arange(top, bottom) // CELL, np.arange(left, right) // CELL
        mine = self.number[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == place
        mine = mine[rows - rows[0]][:, columns - columns[0]]
        return self.hole[top:bottom, left:right] & mine


def _places(number: Numbers, count: int, size: tuple[int, ...]) -> tuple[Box, ...]:
    """Return the box around the cells of each place."""
    y, x = np.nonzero(number >= 0)
    place = number[y, x]
    low, high = np.full((2, count), number.size), np.full((2, count), -1)
    for axis, at in enumerate((y, x)):
        np.minimum.at(low[axis], place, at)
        np.maximum.at(high[axis], place, at)
    ends = np.minimum((high + 1) * CELL, np.array(size)[:, None])
    starts = low * CELL
    return tuple(
        Box(int(t), int(b), int(le), int(r))
        for t, b, le, r in zip(starts[0], ends[0], starts[1], ends[1], strict=True)
    )
