"""Salt and pepper: black and white pixels that have nothing to do with their neighbours.

An impulse is an extreme value, far from what surrounds it, and alone: a clipped sky or a black
border has many neighbours of the same extreme. Only impulses change. Each becomes the median
of the pixels around it that are none, in a window that grows until there are some.

Where they are few, what tells impulses from other specks is that they fall anywhere: black ones
on bright places, and white ones on dark places. Clipped shadows are black, stars and glints are
white, and neither comes with the other; the tails of strong noise do not stand out so firmly.

Sources: Hwang and Haddad 1995, "Adaptive Median Filters: New Algorithms and Results", IEEE
TIP 4(4) (the growing window); Wang and Zhang 1999, "Progressive Switching Median Filter", IEEE
TCAS-II 46(1) (detection apart from filtering, in passes). The tests of loneliness are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..resample import strips
from .sampling import Floats, Pixels, full_scale, windows

_NEAR = 2  # levels from black or white that still count as an extreme
_FAR = 30  # levels: what is closer to its neighbours than this does not show as a speck

# What is counted must be surer than what is repaired.
_LEAST = 80  # levels that a counted impulse stands out by: noise in shadows does not
_FIRM = 5.0  # times its neighbours' spread, likewise: the tails of Gaussian noise do not
_FIRMER = 8.0  # likewise, of those that stand against their surroundings
_LONELY = 1  # of the 8 pixels around may be as extreme: a hairline has 2
_HALO = 0.1  # of its height, that the 8 pixels around share: what a lens drew is never sharper
_LEAN = 0.5  # of its height, that one of the 8 may have: a stroke goes on, grey where it is thin
_KNOWN = 8  # of the 24 pixels around that are no extremes: fewer are a stroke's own grey rim

_MIDDLE = 127.5  # levels: beyond it, surroundings are bright
_FEWEST = 6  # that stand against dark, and against bright surroundings: fewer are chance

_MISSED = 0.002  # share of impulses that may be so crowded that they pass for an area
_CROWD = 12  # of the 24 pixels around: so many alike are an area, whatever the density
_RANDOM = 0.1  # of those that would be alone by chance; of impulses 0.14 or more are, of text 0.03
_DRAWING = 0.12  # share of the pixels; thin strokes of printed text have up to 0.076
_FOUND = 3.0  # times the sure ones is what there is at most, where most of the rest is drawing

_PASSES = 2  # the second sees the crowds of impulses that the first has thinned out
_RADII = (1, 2, 3)  # of the growing window
_CONTEXT = _PASSES * (2 + _RADII[-1])  # rows that a pixel's result depends on, on each side
_ENOUGH = 3  # good neighbours that a median is taken of
_BLOCK = 1 << 16  # pixels whose neighbours are gathered at once

_SIZE = 256  # side of a window that impulses are counted in
_WINDOWS = 8  # such windows along each side of a photo

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Impulses:
    """How many impulses there are for certain; shares are 0 to 1."""

    share: float  #: of the pixels, that are impulses in any channel
    opposed: float  #: white of the dark values, or black of the bright: whichever is less


def _alike(mask: Mask, radius: int) -> NDArray[np.uint8]:
    """Count the others around each pixel of a mask; beyond the edges is nothing."""
    height, width = mask.shape
    padded = np.pad(mask, radius).view(np.uint8)
    rows = np.zeros((height + 2 * radius, width), np.uint8)
    for x in range(2 * radius + 1):
        rows += padded[:, x : x + width]
    count = np.zeros((height, width), np.uint8)
    for y in range(2 * radius + 1):
        count += rows[y : y + height]
    return count - mask


def _around(plane: Floats, y: Places, x: Places, radius: int) -> Floats:
    """Gather the neighbours of n pixels, (n, (2 radius + 1)^2 - 1), from a plane padded by 3."""
    reach = range(-radius, radius + 1)
    steps = [(dy, dx) for dy in reach for dx in reach if (dy, dx) != (0, 0)]
    return np.stack([plane[y + (3 + dy), x + (3 + dx)] for dy, dx in steps], axis=1)


def _median(values: Floats) -> Floats:
    """Return the median along axis 1, leaving out NaN; NaN where there is nothing else."""
    count = np.isfinite(values).sum(1)
    ordered = np.sort(values, axis=1)  # NaN last
    row = np.arange(len(values))
    low = ordered[row, np.maximum(count - 1, 0) // 2]
    return (low + ordered[row, count // 2]) / 2


def _blocks(mask: Mask) -> list[tuple[Places, Places]]:
    """Return the places of a mask, in batches."""
    y, x = np.nonzero(mask)
    return [(y[i : i + _BLOCK], x[i : i + _BLOCK]) for i in range(0, len(y), _BLOCK)]


def _sides(plane: Floats) -> tuple[Mask, Mask]:
    """Return the black and the white pixels of a plane in levels."""
    return plane <= _NEAR, plane >= 255 - _NEAR


def _impulses(plane: Floats, crowd: int) -> Mask:
    """Find the impulses of one channel.

    Args:
        plane: (h, w), in levels.
        crowd: Of the 24 pixels around: with so many alike, an extreme is part of an area.
    """
    found = np.zeros(plane.shape, bool)
    padded = np.pad(plane, 3, constant_values=np.nan)
    for side in _sides(plane):
        for y, x in _blocks(side & (_alike(side, 2) < crowd)):
            value = plane[y, x]
            around = _around(padded, y, x, 2)
            # Other impulses of this side would pull the median towards the pixel.
            around[np.abs(around - value[:, None]) <= _NEAR] = np.nan
            found[y, x] = np.abs(value - _median(around)) > _FAR
    return found


def _sure(plane: Floats) -> tuple[Mask, tuple[int, int]]:
    """Find the impulses of one channel, (h, w) in levels, that can be nothing else.

    Returns:
        The impulses, and how many of them are black on bright and white on dark, most firmly.
    """
    found = np.zeros(plane.shape, bool)
    padded = np.pad(plane, 3, constant_values=np.nan)
    opposed = [0, 0]
    for which, side in enumerate(_sides(plane)):
        part_of_more = side & (_alike(side, 1) > _LONELY)
        few = side & ~part_of_more & (_alike(part_of_more, 1) == 0)  # the end of a stroke is not
        for y, x in _blocks(few & (_alike(side, 2) < _CROWD)):
            value = plane[y, x]
            around, near = _around(padded, y, x, 2), _around(padded, y, x, 1)
            around[(around <= _NEAR) | (around >= 255 - _NEAR)] = np.nan
            near[(near <= _NEAR) | (near >= 255 - _NEAR)] = np.nan
            middle = _median(around)
            spread = 1.48 * _median(np.abs(around - middle[:, None]))
            height = np.abs(value - middle)
            # Towards the speck. Without a grey neighbour, there is nothing to go on.
            lean = (near - middle[:, None]) * np.sign(value - middle)[:, None]
            halo, most = _median(lean), np.where(np.isnan(lean), 0, lean).max(1)
            alone = (height > _LEAST) & (height > _FIRM * spread) & (halo < _HALO * height)
            alone &= (most < _LEAN * height) & (np.isfinite(around).sum(1) >= _KNOWN)
            found[y, x] = alone
            across = (middle > _MIDDLE) != (value > _MIDDLE)
            opposed[which] += int((alone & across & (height > _FIRMER * spread)).sum())
    return found, (opposed[0], opposed[1])


def _levels(part: Pixels, channel: int) -> Floats:
    return part[..., channel].astype(np.float32) * np.float32(255 / full_scale(part))


def impulses_in(pixels: Pixels) -> Impulses:
    """Count the pixels that are impulses for certain.

    What noise, hairlines, edges of clipped areas and small lights make is left out; so are some
    impulses in texture and most that JPEG has softened. Large photos are sampled.

    Args:
        pixels: (H, W, C) uint8 or uint16.
    """
    found = total = 0
    opposed, places = np.zeros(2, int), np.zeros(2, int)  # on bright values, on dark ones
    for part in windows(pixels, _SIZE, _SIZE, _WINDOWS):
        anywhere = np.zeros(part.shape[:2], bool)
        for channel in range(part.shape[2]):
            plane = _levels(part, channel)
            sure, against = _sure(plane)
            anywhere |= sure
            bright = int((plane > _MIDDLE).sum())
            opposed += against
            places += bright, plane.size - bright
        found += int(anywhere.sum())
        total += anywhere.size
    enough = opposed.min() >= _FEWEST
    return Impulses(found / total, float((opposed / places).min()) if enough else 0.0)


def _density(possible: float, sure: float) -> float:
    """Return the share of the pixels that are impulses of one side, in one channel.

    What falls at random is often alone, even where it is dense; strokes of a pen are never.

    Args:
        possible: Share of what may be impulses or the thin parts of a drawing.
        sure: Share of what is an impulse for certain.
    """
    alone = (1 - possible) ** 8 + 8 * possible * (1 - possible) ** 12  # or a pair
    is_drawing = possible < _DRAWING and sure < _RANDOM * possible * alone
    return min(_FOUND * sure, possible) if is_drawing else possible


def _crowd(pixels: Pixels) -> int:
    """Return how many alike pixels around an extreme make an area, given how many impulses are.

    With few impulses, four alike are rather a line; with many, they are nothing special.
    """
    share = 0.0
    for channel in range(pixels.shape[2]):
        possible, certain, total = np.zeros(2), np.zeros(2), 0
        for part in windows(pixels, _SIZE, _SIZE, _WINDOWS):
            plane = _levels(part, channel)
            found, (sure, _) = _impulses(plane, _CROWD), _sure(plane)
            for which, side in enumerate(_sides(plane)):
                possible[which] += (found & side).sum()
                certain[which] += (sure & side).sum()
            total += plane.size
        sides = zip(possible / total, certain / total, strict=True)
        share = max(share, *(_density(float(one), float(other)) for one, other in sides))
    missed, crowd = 1.0, 0
    while missed > _MISSED and crowd < _CROWD:  # the binomial distribution's tail
        missed -= math.comb(24, crowd) * share**crowd * (1 - share) ** (24 - crowd)
        crowd += 1
    return crowd


def _repaired(plane: Floats, impulses: Mask) -> Floats:
    """Replace impulses by the median of their good neighbours; as they are where none is near."""
    good = np.pad(np.where(impulses, np.float32(np.nan), plane), 3, constant_values=np.nan)
    result = plane.copy()
    for y, x in _blocks(impulses):
        for radius in _RADII:
            around = _around(good, y, x, radius)
            count = np.isfinite(around).sum(1)
            enough = count >= (_ENOUGH if radius < _RADII[-1] else 1)
            result[y[enough], x[enough]] = _median(around[enough])
            y, x = y[~enough], x[~enough]
    return result


def despeckled(pixels: Pixels) -> Pixels:
    """Remove salt and pepper; every pixel that is no impulse keeps its bits.

    Args:
        pixels: (H, W, C) uint8 or uint16.

    Returns:
        Its like.
    """
    height, width, channels = pixels.shape
    crowd = _crowd(pixels)
    scale = full_scale(pixels) / 255
    result = pixels.copy()
    for top, bottom in strips(height, width):
        first, last = max(top - _CONTEXT, 0), min(bottom + _CONTEXT, height)
        kept = slice(top - first, bottom - first)
        for channel in range(channels):
            plane = before = _levels(pixels[first:last], channel)
            for _ in range(_PASSES):
                plane = _repaired(plane, _impulses(plane, crowd))
            changed = plane[kept] != before[kept]
            integers = np.rint(plane[kept][changed] * scale).astype(pixels.dtype)
            result[top:bottom, :, channel][changed] = integers
    return result
