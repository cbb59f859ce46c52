"""Rows, or columns, that are brighter or darker than their neighbours, at random.

A sensor reads a row at a time, and a scanner a line: what disturbs the reading is added to all of
it. A photo is cut across such lines into parts. What neighbouring lines differ by is the same in
all parts if it was added, and differs from part to part if it is picture or noise. An offset is
then what a line differs by from the lines around it, where the picture is smooth.

Source: EMVA Standard 1288, release 4.0, section 8 (row and column nonuniformity, told from that of
pixels by means along lines). The test of presence is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..resample import strips
from .periodic import Peak
from .sampling import Floats, Pixels, full_scale, in_levels, spread

_PARTS = 8  # that a line is cut into
_SIDE = 64  # pixels of a part, at most, that are looked at
_FEWEST = 16  # pixels of a part, and as many lines
_MOST = 1024  # lines that offsets are looked for in
_FAINTEST = 0.75  # levels: steps of rounding look like offsets of 0.6
_RATIO = 1.5  # times the deviation that parts have by chance; clean photographs have up to 1.23
_CLEAR = 2.0  # likewise, of one line
_PRESENT = 0.35  # share of the lines; clean photographs have up to 0.27
_FARTHEST_LAG = 64  # lines: rows of text and rules come again within so many
_ALIKE = 0.5  # correlation of steps so far apart; of random offsets up to 0.33, of text from 0.76
_STRAIGHT = 0.003  # cycles per pixel along lines: less is a wave straight across them
_WAVE = 0.15  # of the offsets' power, that such waves have if they are all there is
_AROUND = 8  # lines on each side
_FARTHEST = (5.0, 2.5)  # deviations that two lines differ by at most, and what is left of them


@dataclass(frozen=True)
class Lines:
    """Offsets that were found."""

    axis: int  #: 0: of rows; 1: of columns
    deviation: float  #: of the offsets, in 8-bit levels


def find_lines(pixels: Pixels, peaks: Sequence[Peak]) -> tuple[Lines, ...]:
    """Find out whether rows, and whether columns, have random offsets.

    Args:
        pixels: (H, W, C) uint8 or uint16; none are found where a side is under 128 pixels.
        peaks: What was found in its spectrum: offsets that are a wave are not random. By chance,
            random ones have a line too, but it is a small part of them.
    """
    if min(pixels.shape[:2]) < _PARTS * _FEWEST:
        return ()
    found = (Lines(axis, _deviation(_turned(pixels, axis))) for axis in (0, 1))
    return tuple(one for one in found if one.deviation and not _is_wave(one, peaks))


def straightened(pixels: Pixels, lines: tuple[Lines, ...]) -> Pixels:
    """Take random offsets out of rows and columns; what is clipped stays as it is.

    Args:
        pixels: (H, W, C) uint8 or uint16.
        lines: As found in it.

    Returns:
        Its like.
    """
    result = pixels.copy()
    full = full_scale(pixels)
    for one in lines:
        offsets = _offsets(_turned(result, one.axis), one.deviation)  # (lines, C)
        offsets = np.expand_dims(offsets * np.float32(full / 255), 1 - one.axis)
        for top, bottom in strips(*pixels.shape[:2]):
            part = result[top:bottom]
            away = offsets[top:bottom] if one.axis == 0 else offsets
            straight = np.clip(np.rint(part - away), 0, full)
            result[top:bottom] = np.where((part > 0) & (part < full), straight, part)
    return result


def _is_wave(lines: Lines, peaks: Sequence[Peak]) -> bool:
    """Tell whether waves explain the offsets."""
    along = [peak for peak in peaks if abs(peak.fx if lines.axis == 0 else peak.fy) < _STRAIGHT]
    power = sum(peak.amplitude**2 / 2 for peak in along)
    return power > _WAVE * lines.deviation**2


def _turned(pixels: Pixels, axis: int) -> Pixels:
    """Return a view whose rows are the lines."""
    return pixels if axis == 0 else pixels.swapaxes(0, 1)


def _parts(pixels: Pixels) -> Floats:
    """Return pixels of each part of each line: (lines, parts, n, C), in levels."""
    width = pixels.shape[1]
    side = min(_SIDE, width // _PARTS)
    starts = spread(width, side, side, _PARTS)
    return np.stack([in_levels(pixels[:, start : start + side]) for start in starts], axis=1)


def _deviation(pixels: Pixels) -> float:
    """Return the deviation of the rows' offsets, in levels; 0 if there are none."""
    first = max(0, (len(pixels) - _MOST) // 2)
    planes = _parts(pixels[first : first + _MOST]).mean(3)
    steps = np.median(np.diff(planes, axis=0), axis=2)
    bends = np.diff(steps, axis=0)  # of a slope, 0; of offsets, their second difference
    shared = np.abs(np.median(bends, axis=1))
    chance = bends.std(axis=1, ddof=1) / np.sqrt(_PARTS)
    # Deviations of medians: a quarter more than those of means.
    usual = 1.25 * float(np.median(chance)) + 0.05
    deviation = 1.48 * float(np.median(shared))
    present = float((shared > _CLEAR * chance).mean())
    offset = deviation / np.sqrt(6)  # 1, -2, 1: squares sum to 6
    is_sure = deviation > _RATIO * usual and present > _PRESENT and offset > _FAINTEST
    return float(offset) if is_sure and not _comes_again(np.median(steps, axis=1)) else 0.0


def _comes_again(steps: Floats) -> bool:
    """Tell whether the steps from line to line (n,) repeat: rows of text do, noise does not."""
    power = float(np.square(steps).sum())
    lags = range(2, min(_FARTHEST_LAG, len(steps) // 2) + 1)
    return any(float((steps[lag:] * steps[:-lag]).sum()) > _ALIKE * power for lag in lags)


def _offsets(pixels: Pixels, deviation: float) -> Floats:
    """Return the rows' offsets of a deviation: (H, C), in levels.

    Each is the mean difference to the same pixels of the rows around; where two pixels differ by
    more than offsets do, there is an edge between them, and they do not count.
    """
    height, channels = len(pixels), pixels.shape[2]
    values = _parts(pixels).reshape(height, -1, channels)
    few = _FEWEST * 2 * _AROUND  # pixels of one part: a row with fewer stays nearly as it is
    offsets = np.zeros((height, channels), np.float32)
    for farthest in _FARTHEST:
        sums, counts = np.zeros((2, height, channels))
        for away in range(1, min(_AROUND, height - 1) + 1):
            differences = values[away:] - values[:-away]
            alike = np.abs(differences) < farthest * deviation
            total, count = np.where(alike, differences, 0).sum(1), alike.sum(1)
            sums[away:] += total
            sums[:-away] -= total
            counts[away:] += count
            counts[:-away] += count
        more = (sums / (counts + few)).astype(np.float32)
        values -= more[:, None]
        offsets += more
    return offsets
