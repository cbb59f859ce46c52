"""Find lonely scratches and dust by morphology: thin things, brighter or darker than all around.

A top-hat, the photo less its opening by a square, keeps what is narrower than the square. Of that,
its openings by short lines in many directions keep the scratches, and little of the texture that
they run through. Where either stands out from what the photo's own texture leaves of it nearby,
pixels are candidates; those that touch are one thing. Each thing is then judged by its shape, its
contrast and how many others there are around it. The judge is a logistic regression, so that it
knows how sure it is.

Sources: Serra 1982, "Image Analysis and Mathematical Morphology" (the top-hat, unions of
openings); van Herk 1992, "A fast algorithm for local minimum and maximum filters" (large windows
from small ones). The measures are ours; `scripts/fit_damage.py` fits the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .damage import EDGE, Damage
from .groups import Groups, Mask, groups_of
from .holes import Values, grown
from .judge import DUST, SCRATCHES, Judge

SQUARE = 9  #: pixels: what is as wide is no scratch
AROUND = 64  #: pixels a side of the neighbourhood that a candidate must stand out from
LINE = 16  #: pixels: what is as long and straight may be a scratch; what is shorter, dust
DIRECTIONS = 12  #: that lines may have
FLOOR = 3.0  #: 8-bit levels that are added to the texture: what noise and rounding leave
STRONGEST = 32  #: 8-bit levels that a pixel adds to the texture at most, scratch or not
STRIP = 1 << 21  #: pixels that are looked at at once, but for the context of a strip

_MARGIN = AROUND + 2 * SQUARE + 2 * LINE  # rows that a candidate depends on, on each side

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Things:
    """The candidates of one kind, in connected groups, and what is measured of each group."""

    groups: Groups
    measures: NDArray[np.float64]  #: (groups, measures)

    @property
    def area(self) -> NDArray[np.float64]:
        """The pixels of each group."""
        return np.exp(self.measures[:, 0])


@dataclass(frozen=True)
class Kind:
    """What is looked for, and who judges it."""

    lines: bool  #: scratches, else dust
    stands_out: float  #: times the texture around
    judge: Judge

    def meant(self, things: Things) -> Mask:
        """Return which groups are of this kind: (count,). What is long is left to lines."""
        length = np.exp(things.measures[:, 1])
        return np.full(len(length), True) if self.lines else length < LINE

    def likely(self, things: Things) -> NDArray[np.float64]:
        """Return how likely each group is damage of this kind: (count,)."""
        return np.where(self.meant(things), self.judge.probability(things.measures), 0)


KINDS = (Kind(True, 5.0, SCRATCHES), Kind(False, 4.0, DUST))


def find_lonely(pixels: NDArray[np.uint8] | NDArray[np.uint16], least: int = 0) -> Damage:
    """Find bright and dark scratches and dust, up to 8 pixels wide, that nothing around is like.

    Args:
        pixels: (H, W, C), C 1 or 3.
        least: How likely damage must be, of 255; no less than a judge asks for by itself.
    """
    grey = _grey(pixels)
    found = np.zeros(grey.shape, bool)
    sum_sure = sum_found = 0.0
    for kind in KINDS:
        for things in things_in(grey, kind):
            likely = kind.likely(things)
            chosen = likely >= max(kind.judge.least, least / 255)
            found |= things.groups.drawn(grey.shape, chosen)
            sum_sure += float((things.area * likely)[chosen].sum())
            sum_found += float(things.area[chosen].sum())
    wide = grown(found.view(np.uint8), EDGE).view(bool)
    return Damage(wide, sum_sure / sum_found if sum_found else 1.0)


def things_in(grey: Values, kind: Kind) -> tuple[Things, Things]:
    """Find what is narrow and bright, and what is narrow and dark, in a grey photo (H, W)."""
    height, width = grey.shape
    candidates = np.zeros((2, height, width), bool)
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    rows = max(STRIP // width, 2 * _MARGIN)
    for top in range(0, height, rows):
        above, bottom = max(0, top - _MARGIN), min(height, top + rows)
        some = grey[above : min(height, bottom + _MARGIN)]
        core = slice(top - above, bottom - above)
        for sign, (mask, planes) in enumerate(_candidates(some, kind)):
            candidates[sign, top:bottom] = mask[core]
            parts[sign].append(np.stack([plane[core][mask[core]] for plane in planes]))
    bright, dark = (
        Things(groups, _measures(groups, np.concatenate(part, axis=1)))
        for groups, part in zip(map(groups_of, candidates), parts, strict=True)
    )
    return bright, dark


def _grey(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Values:
    """Return the mean of the channels in 8-bit levels: (H, W)."""
    wide = pixels.dtype == np.uint16
    channels = [(plane >> 8 if wide else plane) for plane in np.moveaxis(pixels, 2, 0)]
    total = sum(plane.astype(np.uint16) for plane in channels)
    return np.asarray(total // len(channels)).astype(np.uint8)


def _candidates(plane: Values, kind: Kind) -> Iterator[tuple[Mask, tuple[Floats, ...]]]:
    """Yield where a strip has something narrow, first bright, then dark; and what to measure."""
    hats = _top_hat(plane), _top_hat(~plane)
    marks = [_lines(hat) if kind.lines else hat for hat in hats]
    texture = (_texture(hats[0]) + _texture(hats[1])) * np.float32(0.5)
    around = [_texture(mark) for mark in marks]
    total = around[0] + around[1]
    least = total * np.float32(0.5) + np.float32(FLOOR)
    for own, hat, mark, value in zip(around, hats, marks, (plane, ~plane), strict=True):
        ratio = mark / least
        mask = ratio > kind.stands_out
        ground = (value - hat).astype(np.float32)
        slope = np.abs(np.diff(ground, axis=0, append=ground[-1:]))
        slope += np.abs(np.diff(ground, axis=1, append=ground[:, -1:]))
        share = own / (total + np.float32(1e-3))
        floats = hat.astype(np.float32), value.astype(np.float32)
        yield mask, (ratio, floats[0], texture, share, slope, floats[1], _mean(mask))


def _texture(hat: Values) -> Floats:
    """Return the mean of a top-hat around each pixel, strong ones cut off."""
    return _mean(np.minimum(hat, STRONGEST))


def _lines(hat: Values) -> Values:
    """Return the greatest of a plane's openings by lines of `LINE` pixels in all directions."""
    best = np.zeros_like(hat)
    steps = [1 << n for n in range(LINE.bit_length() - 1)]
    for turn in range(DIRECTIONS):
        down, across = np.sin(np.pi * turn / DIRECTIONS), np.cos(np.pi * turn / DIRECTIONS)
        line = hat
        for step in steps:
            line = _with_shifted(line, round(step * down), round(step * across), np.minimum)
        for step in reversed(steps):
            line = _with_shifted(line, -round(step * down), -round(step * across), np.maximum)
        np.maximum(best, line, out=best)
    return np.minimum(best, hat)


def _with_shifted(plane: Values, down: int, across: int, take: Callable[..., Values]) -> Values:
    """Take the least, or the greatest, of each pixel and the one so far away; edges repeat."""
    height, width = plane.shape
    y, x = abs(down), abs(across)
    wide = np.pad(plane, ((y, y), (x, x)), mode="edge")
    return take(plane, wide[y + down : y + down + height, x + across : x + across + width])


def _top_hat(plane: Values) -> Values:
    """Return a plane less its opening by a square: what is narrower and brighter."""
    eroded = _running(_running(plane, np.minimum, 0), np.minimum, 1)
    opened = _running(_running(eroded, np.maximum, 0), np.maximum, 1)
    return plane - opened


def _running(plane: Values, take: Callable[..., Values], axis: int) -> Values:
    """Return the least or the greatest of `SQUARE` pixels around each, along one axis."""
    ends = [(SQUARE // 2, SQUARE // 2) if one == axis else (0, 0) for one in (0, 1)]
    wide = np.moveaxis(np.pad(plane, ends, mode="edge"), axis, 0)
    length = 1
    while 2 * length <= SQUARE:
        wide = take(wide[:-length], wide[length:])
        length *= 2
    if length < SQUARE:
        wide = take(wide[: length - SQUARE], wide[SQUARE - length :])
    return np.moveaxis(wide, 0, axis)


def _mean(plane: Values | Mask) -> Floats:
    """Return the mean of a square of `AROUND` pixels around each; edges repeat."""
    before = AROUND // 2
    wide = plane.astype(np.float32)
    for axis in (0, 1):
        ends = [(before, AROUND - 1 - before) if one == axis else (0, 0) for one in (0, 1)]
        wide = np.moveaxis(np.pad(wide, ends, mode="edge"), axis, 0)
        length = 1
        while length < AROUND:  # a power of two
            wide = wide[:-length] + wide[length:]
            length *= 2
        wide = np.moveaxis(wide, 0, axis)
    return wide / np.float32(AROUND**2)


def _pixels(groups: Groups) -> Iterator[NDArray[np.int64]]:
    """Yield the group, the row and the column of every pixel, row by row."""
    length = groups.stop - groups.start
    ends = np.cumsum(length)
    column = np.arange(ends[-1] if len(ends) else 0)
    column -= np.repeat(ends - length - groups.start, length)
    yield from (np.repeat(groups.group, length), np.repeat(groups.row, length), column)


def _measures(groups: Groups, planes: Floats) -> NDArray[np.float64]:
    """Measure every group: its size, its shape, its contrast, and what is around it."""
    group, y, x = _pixels(groups)
    area = np.bincount(group, minlength=groups.count).astype(np.float64)

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(group, values, groups.count) / area

    y_mean, x_mean = mean(y), mean(x)
    down, across = y - y_mean[group], x - x_mean[group]
    # Of a stretch of n pixels the variance is (n * n - 1) / 12.
    yy, xx, xy = mean(down**2) + 1 / 12, mean(across**2) + 1 / 12, mean(down * across)
    spread = np.sqrt((yy - xx) ** 2 + 4 * xy**2)
    length = np.sqrt(6 * (yy + xx + spread))
    thickness = np.sqrt(6 * np.maximum(yy + xx - spread, 1 / 6))
    width = area / length
    ratio, high, texture, share, slope, value, others = planes.astype(np.float64)
    contrast, middle = mean(high), mean(value)
    most = np.zeros(groups.count)
    np.maximum.at(most, group, ratio)
    uneven = np.sqrt(np.maximum(mean(value**2) - middle**2, 0))
    crowd = np.maximum(mean(others) - area / AROUND**2, 0)
    return np.stack(
        [
            np.log(area),  # first: `find_damage` weighs with it
            np.log(length),
            np.log(width),
            np.log(thickness / width),
            np.log(mean(ratio)),
            np.log(most),
            np.log(contrast),
            np.log(crowd + 1e-3),
            np.log(mean(texture) + 0.5),
            mean(share),
            np.log(mean(slope) / contrast + 0.1),
            middle / 255,
            np.log(uneven + 1),
        ],
        axis=1,
    )
