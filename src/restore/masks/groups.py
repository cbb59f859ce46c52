"""Connected groups of a mask's pixels, found by the runs of its rows.

Pixels belong together if they touch, corners included. A run is a stretch of a row; runs of
neighbouring rows that touch are united by taking the lowest of their numbers over and over, as in
Shiloach and Vishkin 1982, "An O(log n) Parallel Connectivity Algorithm", so that NumPy does the
work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..resample import strips

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """The runs of a mask, from the top, left to right; and the group of each, from 0."""

    row: Numbers
    start: Numbers
    stop: Numbers  #: just behind the run
    group: Numbers
    count: int  #: of groups

    def drawn(self, size: tuple[int, int], chosen: Mask) -> Mask:
        """Return the mask, (H, W), of the groups that are chosen: (count,)."""
        height, width = size
        keep = chosen[self.group]
        edges = np.zeros(height * (width + 1), np.int8)
        edges[self.row[keep] * (width + 1) + self.start[keep]] = 1
        edges[self.row[keep] * (width + 1) + self.stop[keep]] -= 1
        drawn = np.cumsum(edges, dtype=np.int8).reshape(height, width + 1)
        return drawn[:, :width].astype(bool)


def groups_of(mask: Mask) -> Groups:
    """Find the connected groups of a mask, (H, W)."""
    row, start, stop = _runs(mask)
    group, count = _united(len(row), *_touching(row, start, stop, mask.shape[1]))
    return Groups(row, start, stop, group, count)


def count_groups(mask: Mask) -> int:
    """Count the connected groups of a mask, (H, W), strip by strip: memory stays bounded."""
    total, carried = 0, np.empty(0, np.int64)
    for top, bottom in strips(*mask.shape):
        # The last row of the strip above comes again: its runs are known by their groups.
        row, start, stop = _runs(mask[max(top - 1, 0) : bottom])
        one, other = _touching(row, start, stop, mask.shape[1])
        alike = np.argsort(carried, kind="stable")
        same = carried[alike][1:] == carried[alike][:-1]
        one = np.concatenate([one, alike[1:][same]])
        other = np.concatenate([other, alike[:-1][same]])
        group, count = _united(len(row), one, other)
        total += count - len(np.unique(carried))
        carried = group[row == bottom - 1 - max(top - 1, 0)]
    return total


def _runs(mask: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """Return the row, the start and the stop of every run."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    edges = np.diff(padded, axis=1)
    row, start = np.nonzero(edges == 1)
    _, stop = np.nonzero(edges == -1)
    return row, start, stop


def _touching(row: Numbers, start: Numbers, stop: Numbers, width: int) -> tuple[Numbers, Numbers]:
    """Return pairs of runs that touch, each with one of the row below."""
    stride = width + 2
    below = (row + 1) * stride
    first = np.searchsorted(row * stride + stop, below + start, "left")
    last = np.searchsorted(row * stride + start, below + stop, "right")
    many = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(row)), many)
    before = np.cumsum(many) - many
    return upper, first[upper] + np.arange(len(upper)) - before[upper]


def _united(count: int, one: Numbers, other: Numbers) -> tuple[Numbers, int]:
    """Return the group of each of `count` runs, given pairs that belong together, and how many."""
    label = np.arange(count)
    while len(one):
        a, b = label[one], label[other]
        low = np.minimum(a, b)
        np.minimum.at(label, a, low)
        np.minimum.at(label, b, low)
        while not np.array_equal(label, up := label[label]):
            label = up
        apart = label[one] != label[other]
        one, other = one[apart], other[apart]
    roots, group = np.unique(label, return_inverse=True)
    return group, len(roots)
