"""Find scratches and dust: thin or small things that are brighter, or darker, than all around.

Three steps. A top-hat, the photo less its opening by a square, keeps what is narrower than the
square. Where that stands out from what the photo's own texture leaves of it nearby, pixels are
candidates; those that touch are one thing. Each thing is then judged by its shape, its contrast
and how many others there are around it: a scratch is long and even, dust is compact, both are
alone, and texture never is. The judge is a logistic regression, so that it knows how sure it is.

Sources: Serra 1982, "Image Analysis and Mathematical Morphology" (the top-hat); van Herk 1992, "A
fast algorithm for local minimum and maximum filters" (minima of large windows from small ones). The
measures are ours; `scripts/fit_damage.py` fits the weights on training photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .groups import Groups, Mask, groups_of
from .holes import Values, grown
from .judge import LEAST, probability

SQUARE = 9  #: pixels: what is as wide is no scratch
AROUND = 64  #: pixels a side of the neighbourhood that a candidate must stand out from
STANDS_OUT = 4.0  #: times the texture around
FLOOR = 3.0  #: 8-bit levels that are added to the texture: what noise and rounding leave
STRONGEST = 32  #: 8-bit levels that a pixel adds to the texture at most, scratch or not
EDGE = 1  #: pixels around what was found, that its soft edges reach
STRIP = 1 << 21  #: pixels that are looked at at once, but for the context of a strip

_MARGIN = AROUND + 2 * SQUARE  # rows that a candidate depends on, on each side

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Damage:
    """What was found, and how sure that is."""

    mask: Mask  #: (H, W)
    sure: float  #: of the pixels that were found, the share that is likely damage; 1 if none


@dataclass(frozen=True, eq=False)
class Things:
    """The candidates of one sign, in connected groups, and what is measured of each group."""

    groups: Groups
    measures: NDArray[np.float64]  #: (groups, measures)


def find_damage(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Damage:
    """Find bright and dark scratches and dust, up to 8 pixels wide.

    Args:
        pixels: (H, W, C), C 1 or 3.
    """
    grey = _grey(pixels)
    found = np.zeros(grey.shape, bool)
    sum_sure = sum_found = 0.0
    for things in (things_in(grey, inverted=False), things_in(grey, inverted=True)):
        likely = probability(things.measures)
        chosen = likely >= LEAST
        found |= things.groups.drawn(grey.shape, chosen)
        area = np.exp(things.measures[:, 0])[chosen]
        sum_sure += float((area * likely[chosen]).sum())
        sum_found += float(area.sum())
    wide = grown(found.view(np.uint8), EDGE).view(bool)
    return Damage(wide, sum_sure / sum_found if sum_found else 1.0)


def things_in(grey: Values, *, inverted: bool) -> Things:
    """Find what is narrow and bright, or dark if `inverted`, in a grey photo (H, W)."""
    height, width = grey.shape
    candidates = np.zeros(grey.shape, bool)
    parts = []
    rows = max(STRIP // width, 2 * _MARGIN)
    for top in range(0, height, rows):
        above, bottom = max(0, top - _MARGIN), min(height, top + rows)
        some = grey[above : min(height, bottom + _MARGIN)]
        mask, planes = _candidates(~some if inverted else some)
        core = slice(top - above, bottom - above)
        candidates[top:bottom] = mask[core]
        parts.append(np.stack([plane[core][mask[core]] for plane in planes]))
    groups = groups_of(candidates)
    return Things(groups, _measures(groups, np.concatenate(parts, axis=1)))


def _grey(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> Values:
    """Return the mean of the channels in 8-bit levels: (H, W)."""
    wide = pixels.dtype == np.uint16
    channels = [(plane >> 8 if wide else plane) for plane in np.moveaxis(pixels, 2, 0)]
    total = sum(plane.astype(np.uint16) for plane in channels)
    return np.asarray(total // len(channels)).astype(np.uint8)


def _candidates(plane: Values) -> tuple[Mask, tuple[Floats, ...]]:
    """Return where a strip has something bright and narrow, and planes to measure it by."""
    high, low = _top_hat(plane), _top_hat(~plane)
    bright, dark = (_mean(np.minimum(hat, STRONGEST)) for hat in (high, low))
    texture = (bright + dark) * np.float32(0.5)
    ratio = high / (texture + np.float32(FLOOR))
    mask = ratio > STANDS_OUT
    ground = (plane - high).astype(np.float32)
    slope = np.abs(np.diff(ground, axis=0, append=ground[-1:]))
    slope += np.abs(np.diff(ground, axis=1, append=ground[:, -1:]))
    value = plane.astype(np.float32)
    share = bright / (bright + dark + np.float32(1e-3))
    others = _mean(mask)
    return mask, (ratio, high.astype(np.float32), texture, share, slope, value, others)


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
