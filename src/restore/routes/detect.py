"""The detector: which way a photo is to be denoised, and why.

Impulses and lines in the spectrum are looked for first: each is a sure sign, and the network is
the wrong tool for both. What else there is goes to the network, unless it is too little to see.

What kind of noise the network gets follows from its colour and its size. Gaussian noise is
white, and each channel has its own. Grain is in all channels alike and as large as a few pixels.
A sensor's noise is finer than grain in luma, and coarser in colour: demosaicing and
compression smear it. The constants were fitted to simulations of the three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from .impulses import impulses_in
from .level import Noise, measured
from .periodic import Peak, find_peaks
from .rows import Lines, find_lines
from .sampling import Pixels

_IMPULSES = 0.005  # share of the pixels; clipped shadows of noisy sensors have up to 0.0035
_OPPOSED = 0.00007  # share; clean photographs and Gaussian noise of 75 levels have up to 0.00005
_VISIBLE = 1.0  # levels: below, there is nothing to do
_EVERYWHERE = 2.0  # levels, read by a network in the quietest fifth of a photo, likewise
_SURE = 2.35  # levels, read by a network where a photo is flat; clean ones have up to 2.07
_COLOURED = 1.0  # levels: clean photographs have no colour noise so fine and so strong
_WHITE = 0.65  # of its deviation is left of white noise at half size, with some to spare: 0.5


class Route(StrEnum):
    """Which way a photo is denoised."""

    NONE = "none"
    NETWORK = "network"
    MEDIAN = "median"
    NOTCH = "notch"


@dataclass(frozen=True)
class Detected:
    """What a photo suffers from, and what that was concluded from."""

    route: Route
    kind: str  #: "clean", "gaussian", "sensor", "grain", "salt-pepper" or "periodic"
    reason: str  #: one sentence, without a full stop
    level: float = 0.0  #: deviation of noise, in 8-bit levels
    impulses: float = 0.0  #: share of pixels that are impulses, 0 to 1
    peaks: tuple[Peak, ...] = ()  #: lines in the spectrum
    then: Detected | None = None  #: the noise that was left, if the network came next


@dataclass(frozen=True)
class Levels:
    """The noise that a network measured: deviations in 8-bit levels."""

    typical: tuple[float, ...]  #: of each channel, where the photo is flat
    quiet: float  #: in the quietest fifth of the photo: noise is everywhere, texture is not


def detect(pixels: Pixels, levels: Levels | None) -> Detected:
    """Find out how a photo is to be denoised.

    Args:
        pixels: (H, W, C) uint8 or uint16, C 1 or 3.
        levels: None where there is no network.
    """
    specks = impulses_in(pixels)
    share = specks.share
    noise = measured(pixels)
    level = _level(noise, levels)
    if share > _IMPULSES or specks.opposed > _OPPOSED:
        reason = (
            f"at least 1 in {round(1 / share)} pixels is black or white without a neighbour like it"
        )
        return Detected(Route.MEDIAN, "salt-pepper", reason, level, share, ())
    peaks = find_peaks(pixels)
    offsets = find_lines(pixels, peaks)
    if offsets:
        return Detected(Route.NOTCH, "periodic", _offsets(offsets), level, share, ())
    if peaks:
        return Detected(Route.NOTCH, "periodic", _lines(peaks), level, share, peaks)
    return replace(_of_noise(noise, levels), impulses=share)


def remaining(pixels: Pixels, levels: Levels | None) -> Detected:
    """Find out whether a picture that a classical route has mended is noisy still.

    Args:
        pixels: (H, W, C) uint8 or uint16, without the specks or the pattern.
        levels: Measured in it; None where there is no network.
    """
    return _of_noise(measured(pixels), levels)


def _level(noise: Noise | None, levels: Levels | None) -> float:
    if levels is not None:
        return sum(levels.typical) / len(levels.typical)
    return max(noise.channels) if noise else 0.0


def _of_noise(noise: Noise | None, levels: Levels | None) -> Detected:
    """Decide whether there is work for the network."""
    level = _level(noise, levels)
    if levels is not None:
        # Either is enough: cameras smooth what is flat, and film has little grain in shadows.
        shows = level >= _SURE or levels.quiet >= _EVERYWHERE
    else:
        shows = level >= _VISIBLE and not (noise and _is_texture(noise))
    if not shows:
        reason = f"the noise is {level:.1f} levels: nothing to do"
        if levels is None and level >= _VISIBLE:
            reason = f"what varies by {level:.1f} levels is the picture's own texture"
        return Detected(Route.NONE, "clean", reason, level)
    kind, why = _kind(noise)
    reason = f"the noise is {level:.1f} levels{why}"
    return Detected(Route.NETWORK, kind, reason, level)


def _lines(peaks: tuple[Peak, ...]) -> str:
    found = sorted({f"{math.hypot(peak.fy, peak.fx):.3f}" for peak in peaks[:3]})
    more = " and more" if len(peaks) > 3 else ""
    return f"lines at {', '.join(found)}{more} cycles per pixel all over the picture"


def _offsets(offsets: tuple[Lines, ...]) -> str:
    which = " and ".join(("rows", "columns")[one.axis] for one in offsets)
    deviation = max(one.deviation for one in offsets)
    return f"{which} differ by {deviation:.1f} levels at random, from edge to edge"


def _is_texture(noise: Noise) -> bool:
    """Tell a clean picture's texture from noise: it is uneven, and has hardly a colour."""
    if noise.colour[0] > _COLOURED:
        return False
    score = 2.7 * math.log(noise.luma[1] + 0.05) + 7.2 * noise.steadiness - 2.4 * noise.span
    return score < 4.7


def _kind(noise: Noise | None) -> tuple[str, str]:
    """Name the kind of noise that is no impulses and no lines, and say why."""
    if noise is None:
        return "sensor", ""
    fine, half, quarter = (level + 1e-3 for level in noise.luma)
    colour, colour_half, colour_quarter = noise.colour
    grey = max(noise.colour) < 0.02
    white_colour = colour > _COLOURED and colour_half < _WHITE * colour
    if white_colour or (max(colour, colour_half) < _COLOURED and half < _WHITE * fine):
        return "gaussian", ", as strong in every pixel and independent of its neighbours"
    if grey:
        is_sensor = quarter < 0.6 * half
    else:
        is_sensor = colour_quarter / quarter * (half / quarter) ** 0.6 > 0.26
    if is_sensor:
        return "sensor", ", finer in brightness than in colour"
    return "grain", ", without colour and as large as grains of film"
