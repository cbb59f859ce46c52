"""Cutting a photo into windows: integers only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Window(NamedTuple):
    """A stretch of an axis that is looked at, and its core, the part that is kept."""

    start: int
    stop: int
    core_start: int
    core_stop: int


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels; `bottom` and `right` are just outside it."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Tile:
    """A part of the photo that is looked at, and its core, the part that is kept."""

    window: Box
    core: Box


def smallest_tile(overlap: int, multiple_of: int = 1) -> int:
    """Return the least `tile` that leaves room for a core between two overlaps.

    >>> smallest_tile(overlap=10, multiple_of=16)
    48
    """
    return (-(-2 * overlap // multiple_of) + 1) * multiple_of


def windows(length: int, tile: int, overlap: int, multiple_of: int = 1) -> list[Window]:
    """Cover an axis with as few windows as `tile` allows, all of about one size.

    Every window starts at a multiple of `multiple_of` and is as long as the others; only the
    last may end earlier, by less than `multiple_of`, where the axis does. The cores partition
    the axis, and around each is at least `overlap` of context, except at the axis's ends.

    Args:
        length: Of the axis, at least 1.
        tile: The most that a window may measure; `multiple_of` divides it.
        overlap: Context on each side of a core, at least 0.
        multiple_of: What the windows are measured in, at least 1.

    Raises:
        ValueError: If these do not hold, or the axis needs several windows and `tile` is less
            than `smallest_tile`.

    >>> first, last = windows(100, tile=64, overlap=8)
    >>> first
    Window(start=0, stop=58, core_start=0, core_stop=50)
    >>> last
    Window(start=42, stop=100, core_start=50, core_stop=100)
    """
    if not (length >= 1 and overlap >= 0 and multiple_of >= 1 and tile % multiple_of == 0 < tile):
        raise ValueError(f"no windows of {tile} by {multiple_of}, overlap {overlap}, on {length}")
    # From here to the starts, lengths are counted in multiples, the last one begun counting too.
    units, room, shared = (
        -(-length // multiple_of),
        tile // multiple_of,
        -(-2 * overlap // multiple_of),
    )
    if units <= room:
        return [Window(0, length, 0, length)]
    if room <= shared:
        raise ValueError(f"a tile of {tile} has no core between overlaps of {overlap}")
    count = -(-(units - shared) // (room - shared))
    size = -(-(units + (count - 1) * shared) // count)
    starts = [i * (units - size) // (count - 1) * multiple_of for i in range(count)]
    stops = [min(start + size * multiple_of, length) for start in starts]
    # Neighbours share at least twice the overlap; their cores meet in its middle.
    seams = [(start + stop) // 2 for start, stop in zip(starts[1:], stops[:-1], strict=True)]
    return [
        Window(*edges) for edges in zip(starts, stops, [0, *seams], [*seams, length], strict=True)
    ]


def grid(height: int, width: int, tile: int, overlap: int, multiple_of: int = 1) -> list[Tile]:
    """Cover a photo with tiles, row by row: `windows` along both sides.

    >>> [part.core.left for part in grid(50, 100, tile=64, overlap=8)]
    [0, 50]
    """
    columns = windows(width, tile, overlap, multiple_of)
    return [
        Tile(
            Box(row.start, row.stop, column.start, column.stop),
            Box(row.core_start, row.core_stop, column.core_start, column.core_stop),
        )
        for row in windows(height, tile, overlap, multiple_of)
        for column in columns
    ]
