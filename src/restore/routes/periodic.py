"""Periodic noise: narrow lines in the spectrum, the same all over the picture.

Scanner banding, moire and a printer's screen are everywhere and keep their frequency. A fence, a
brick wall or a grid of windows fills a part of the picture, and perspective bends it. So a line
counts only where it stands out of its surroundings in most windows, at one frequency, with
one strength.

Sources: Welch 1967 (averaged spectra of windows); Moallem, Masoumzadeh and Habibi 2015,
"A novel adaptive Gaussian restoration filter for reducing periodic noises in digital image",
Signal, Image and Video Processing 9 (Gaussian notches). The tests of presence are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .repeating import repeats
from .sampling import Floats, Pixels, full_scale, in_levels, spread, windows
from .screen import descreened, is_screen

_SIZES = (192, 128, 64)  # sides of the windows of the spectrum: the first that fits
_ROOM = 1.5  # times a window is what a photo measures at least: it has to be seen in parts
_MOST = 16  # windows along each side of a photo
_LOWEST = 6  # bins from zero: below, the picture itself is a few lines
_STANDS = 6.0  # times the power of its neighbourhood: a line of the mean spectrum
_PRESENT = 5.0  # times, in one window
_WINDOWS = 0.65  # share of the windows that it must be present in
_STEADY = 0.5  # the lower quartile of its strengths, as a part of the upper
_STRAYS = 0.35  # bins: the median distance of its frequency in a window from its mean
_FAINTEST = 1.0  # levels: amplitude below which nobody sees it
_BLOCKY = 4.0  # levels: amplitude of what lies on a JPEG's own frequencies
_STRONGEST = 64  # peaks at most
_COARSE = 1 / 14  # cycles per pixel: below, a pattern with overtones is in the scene
_FINE = 1 / 7  # likewise: below, one with a strong second overtone, which no screen has
_STRONG = 0.25  # of the wave's amplitude, that such an overtone has
_OVERTONES = 20  # that are looked at: the first is the wave itself
_SCREEN = 4  # lines that a screen has in each channel: two waves and their first overtones
_NEXT = 6  # beyond, the overtone before it must be there as well
_CLEAR = 8.0  # times the power halfway to the neighbours: an overtone

_TILE = 256  # side of a tile in which notches are cut
_FLOOR = 0.01  # of its window at the tile's rim, so that it can be divided by
_LEAST = 0.25  # of the weights of overlapping tiles: less is only at the photo's rim
_WIDTH = 2.5  # bins: half the width of a notch
_RING = (5, 9)  # bins from the peak: where the spectrum around it is measured
_ABOVE = 4.0  # times the median around: a line that stands out less stays
_ROWS = 32  # rows that are finished at once

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Peak:
    """A line in the spectrum: a wave that runs through the whole picture."""

    fy: float  #: cycles per pixel downward, -0.5 to 0.5
    fx: float  #: cycles per pixel to the right, 0 to 0.5
    amplitude: float  #: in 8-bit levels, in the channel where it is strongest
    channel: int  #: that channel


def _spectra(pixels: Pixels, size: int, channel: int) -> Floats:
    """Return the power of each window: (n, size, size), zero frequency first.

    A wave of amplitude a puts a^2 / 4 into the nine bins around its frequency.
    """
    line = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    hann = np.outer(line, line).astype(np.float32)
    scale = np.float32(1 / (size * np.sqrt((hann**2).sum())))
    found = []
    for part in windows(pixels, size, size // 4, _MOST):
        plane = in_levels(part[..., channel])
        plane = (plane - (plane * hann).sum() / hann.sum()) * (hann * scale)
        found.append(np.square(np.abs(np.fft.fft2(plane))))
    return np.stack(found)


#: what lies 3 to 6 bins off, to each of eight sides; opposite sides follow each other
_SIDES = np.array(
    [
        [(side * far * dy, side * far * dx) for far in range(3, 7)]
        for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1))
        for side in (1, -1)
    ]
)


def _surroundings(spectra: Floats, y: Places, x: Places) -> Floats:
    """Return the power that the picture itself has at some bins.

    A picture's power falls with frequency, and has ridges across its edges. So along each of
    four lines through a bin, the geometric mean of what lies to both sides; and of the four,
    the largest.

    Args:
        spectra: (n, size, size).
        y: (k,), rows of the bins.
        x: (k,), columns.

    Returns:
        (n, k).
    """
    size = spectra.shape[1]
    sides = []
    for steps in _SIDES:
        rows = (y[:, None] + steps[:, 0]) % size
        columns = (x[:, None] + steps[:, 1]) % size
        sides.append(np.median(spectra[:, rows, columns], axis=2))
    lines = [np.sqrt(one * other) for one, other in zip(sides[::2], sides[1::2], strict=True)]
    return np.asarray(np.max(lines, axis=0), np.float32)


def _nine(spectra: Floats, y: int, x: int) -> Floats:
    """Return the bins in and around one: (n, 3, 3)."""
    size = spectra.shape[1]
    near = np.arange(-1, 2)
    return spectra[:, ((y + near) % size)[:, None], ((x + near) % size)[None]]


def _offsets(nine: Floats) -> Floats:
    """Return where in three by three bins a line is: (n, 2), down and right of the middle.

    A parabola through the logarithms; its top lies at most one bin away.
    """
    log = np.log(nine + 1e-12)
    middle = log[:, 1, 1]
    found = []
    for before, after in ((log[:, 0, 1], log[:, 2, 1]), (log[:, 1, 0], log[:, 1, 2])):
        bend = np.minimum(before - 2 * middle + after, -1e-6)
        found.append(np.clip((before - after) / (2 * bend), -1, 1))
    return np.stack(found, axis=1)


def _on_jpeg_grid(fy: float, fx: float, size: int) -> bool:
    """Tell whether a frequency is one that the edges of 8 by 8 blocks have."""

    def harmonic(f: float) -> bool:
        return abs(f * 8 - round(f * 8)) < 8 / size

    return harmonic(fy) and harmonic(fx) and min(abs(fy), abs(fx)) < 1 / size


def _is_of_scene(spectrum: Floats, fy: float, fx: float) -> bool:
    """Tell whether a line belongs to a coarse pattern with overtones: stairs, shutters, boards.

    Banding is a wave without overtones, and the patterns of screens are fine.
    """
    size = len(spectrum)

    def power(times: float, y: float, x: float) -> float:
        row, column = round(times * y * size), round(times * x * size)
        return float(_nine(spectrum[None], row, column).max())

    for overtone in range(1, _OVERTONES + 1):
        y, x = fy / overtone, fx / overtone
        coarseness = np.hypot(y, x)
        if not (_LOWEST - 2) / size < coarseness < _FINE:
            continue

        def clear(times: int, y: float = y, x: float = x) -> bool:
            half = power(times - 0.5, y, x) * power(times + 0.5, y, x)
            return power(times, y, x) ** 2 > _CLEAR**2 * half

        if not clear(1):
            continue
        if coarseness < _COARSE:
            beyond = overtone > 3  # then the line itself is one more
            enough = clear(2) + clear(3) + beyond >= 1
            if enough and (overtone <= _NEXT or (clear(2) and clear(overtone - 1))):
                return True
        elif clear(2) and clear(3) and power(3, y, x) > _STRONG**2 * power(1, y, x):
            return True
    return False


def _lines(spectra: Floats, channel: int) -> tuple[list[Peak], list[Peak]]:
    """Find the lines that nearly all windows of one channel share: noise, and the scene's."""
    size = spectra.shape[1]
    middle = np.median(spectra, axis=0)
    bins = np.fft.fftfreq(size, 1 / size).astype(int)
    y, x = np.nonzero((np.hypot(bins[:, None], bins) >= _LOWEST) & (middle > 0))
    half = (bins[x] > 0) | ((bins[x] == 0) & (bins[y] > 0))
    y, x = y[half], x[half]
    stands = middle[y, x] > _STANDS * _surroundings(middle[None], y, x)[0]
    found: list[Peak] = []
    of_scene: list[Peak] = []
    for row, column in zip(y[stands], x[stands], strict=True):
        nine = _nine(middle[None], row, column)
        if nine.max() > middle[row, column]:
            continue
        each = _nine(spectra, row, column)
        around = _surroundings(spectra, row[None], column[None])[:, 0]
        present = each.max((1, 2)) > _PRESENT * around
        if present.mean() < _WINDOWS:
            continue
        strength = 2 * np.sqrt(np.maximum(each.sum((1, 2)) - 9 * around, 0))
        low, typical, high = np.quantile(strength, (0.25, 0.5, 0.75))
        offset = _offsets(nine)[0]
        stray = np.median(np.hypot(*(_offsets(each[present]) - offset).T))
        fy, fx = (float(v) for v in (np.array([bins[row], bins[column]]) + offset) / size)
        faintest = _BLOCKY if _on_jpeg_grid(fy, fx, size) else _FAINTEST
        is_steady = low >= _STEADY * high and stray <= _STRAYS
        if typical >= faintest and is_steady:
            among = of_scene if _is_of_scene(middle, fy, fx) else found
            among.append(Peak(fy, fx, float(typical), channel))
    return found, of_scene


def _amplitude(peaks: Sequence[Peak]) -> float:
    return sum(peak.amplitude for peak in peaks)


def find_peaks(pixels: Pixels) -> tuple[Peak, ...]:
    """Find the lines of the spectrum that are all over a picture, the strongest first.

    Args:
        pixels: (H, W, C) uint8 or uint16; no lines are found where a side is
            under 96 pixels.
    """
    size = next((size for size in _SIZES if _ROOM * size <= min(pixels.shape[:2])), None)
    if size is None:
        return ()
    found: list[Peak] = []
    of_scene: list[Peak] = []
    for channel in range(pixels.shape[2]):
        noise, pattern = _lines(_spectra(pixels, size, channel), channel)
        found += noise
        of_scene += pattern
    # Squared paper has lines between those of its rows and those of its columns.
    is_ruled = len(of_scene) > _SCREEN * pixels.shape[2]
    if is_ruled and _amplitude(found) <= _amplitude(of_scene):
        return ()
    found.sort(key=lambda peak: -peak.amplitude)
    kept: list[Peak] = []
    for peak in found:
        if all(np.hypot(peak.fy - one.fy, peak.fx - one.fx) > 1.5 / size for one in kept):
            kept.append(peak)
    if kept and repeats(pixels, kept[0].fy, kept[0].fx):
        return ()
    return tuple(kept[:_STRONGEST])


@dataclass(frozen=True, eq=False)
class _Notch:
    """One peak as a tile sees it: its wave, and its part of the flattened half spectrum."""

    down: NDArray[np.complex64]  #: (h,), the wave along the first column
    across: NDArray[np.complex64]  #: (w,), along the first row
    inside: Places  #: (n,), bins of the notch
    share: Floats  #: (n,), 0 to 1: how much of what stands out goes
    ring: Places  #: (m,), bins around it


def _notches(peaks: Sequence[Peak], height: int, width: int) -> list[_Notch]:
    """Place the notches on the half spectrum of a tile, (height, width // 2 + 1)."""
    notches = []
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None]
    for peak in peaks:
        # A wave has two lines; the half spectrum may hold parts of both.
        one, other = (
            np.hypot(_wrapped(fy - s * peak.fy) * height, _wrapped(fx - s * peak.fx) * width)
            for s in (1, -1)
        )
        away = np.minimum(one, other).ravel()
        share = np.exp(-((away / _WIDTH) ** 4)).astype(np.float32)
        inside = np.flatnonzero(share > 1e-3)
        ring = np.flatnonzero((away >= _RING[0]) & (away < _RING[1]))
        if len(ring):
            down, across = (
                np.exp(2j * np.pi * f * np.arange(n)).astype(np.complex64)
                for f, n in ((peak.fy, height), (peak.fx, width))
            )
            notches.append(_Notch(down, across, inside, share[inside], ring))
    return notches


def _wrapped(f: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return frequencies as they look between -0.5 and 0.5."""
    return f - np.rint(f)


def _tapered(height: int, width: int) -> Floats:
    """Return a tile's window: Hann's, on a floor."""
    lines = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width)]
    return np.asarray(_FLOOR + (1 - _FLOOR) * np.outer(*lines), np.float32)


def _waves(plane: Floats, window: Floats, notches: Sequence[_Notch]) -> tuple[Floats, Floats]:
    """Return what is to be taken out of one tile, (h, w) each.

    First the plain waves, which are known up to the rim; then, under the window, what notches
    find of waves that swell and bend.
    """
    total = window.sum()
    rest = plane - (plane * window).sum() / total
    coefficients = []
    for notch in notches:
        # Sums, not matrix products: those depend on how many threads share them.
        rows = (rest * window * notch.across.conj()).sum(1)
        coefficient = 2 / total * (notch.down.conj() * rows).sum()
        coefficients.append(coefficient)
        rest = rest - _plane_wave(coefficient, notch)
    spectrum = np.fft.rfft2(rest * window)
    flat = spectrum.ravel()
    steady = np.zeros_like(plane)
    taken = np.zeros_like(flat)
    for notch, coefficient in zip(notches, coefficients, strict=True):
        usual = np.median(np.abs(flat[notch.ring]))
        height = np.abs(coefficient) * total / 2
        if height <= _ABOVE * usual:
            continue
        steady += _plane_wave(coefficient * (1 - usual / height), notch)
        there = flat[notch.inside]
        over = np.maximum(1 - usual / np.maximum(np.abs(there), 1e-9), 0)
        # Where notches overlap, the deeper one counts.
        more, before = over * notch.share * there, taken[notch.inside]
        taken[notch.inside] = np.where(np.abs(more) > np.abs(before), more, before)
    swelling = np.fft.irfft2(taken.reshape(spectrum.shape), s=plane.shape)
    return steady, swelling.astype(np.float32)


def _plane_wave(coefficient: np.complex64, notch: _Notch) -> Floats:
    """Return Re(coefficient * exp(2 pi i (fy y + fx x))): (h, w)."""
    down = coefficient * notch.down
    wave = np.outer(down.real, notch.across.real) - np.outer(down.imag, notch.across.imag)
    return wave.astype(np.float32)


def notched(pixels: Pixels, peaks: Sequence[Peak]) -> Pixels:
    """Remove periodic noise: overlapping tiles' spectra, with notches at the peaks.

    A notch lowers what stands out to the median magnitude around it and keeps the phase, so that
    texture has no hole. Tiles in which a line does not stand out keep it. A screen of pure black
    and white dots, which notches cannot remove, is averaged over its dots instead.

    Args:
        pixels: (H, W, C) uint8 or uint16.
        peaks: As found in it, the strongest first.

    Returns:
        Its like.
    """
    if not peaks:
        return pixels.copy()
    strongest = peaks[0]
    if is_screen(pixels, strongest.amplitude):
        return descreened(pixels, 1 / float(np.hypot(strongest.fy, strongest.fx)))
    height, width, channels = pixels.shape
    tall, wide = min(_TILE, height), min(_TILE, width)
    window = _tapered(tall, wide)
    weight = (window * window)[..., None]
    notches = _notches(peaks, tall, wide)
    lefts = spread(width, wide, wide // 2, width)
    tops = spread(height, tall, tall // 2, height)
    result = np.empty_like(pixels)
    scale = np.float32(full_scale(pixels) / 255)
    # Rows `top` to `top + tall` of what is taken, and of what it is to be divided by.
    steady, swelling = (np.zeros((tall, width, channels), np.float32) for _ in range(2))
    weights = np.zeros((tall, width, 1), np.float32)
    for top, following in zip(tops, [*tops[1:], height], strict=True):
        for left in lefts:
            columns = slice(left, left + wide)
            part = in_levels(pixels[top : top + tall, columns])
            weights[:, columns] += weight
            for channel in range(channels):
                waves, more = _waves(part[..., channel], window, notches)
                steady[:, columns, channel] += weight[..., 0] * waves
                swelling[:, columns, channel] += window * more
        done = following - top
        for start in range(0, done, _ROWS):
            rows = slice(start, min(start + _ROWS, done))
            taken = steady[rows] / weights[rows]
            taken += swelling[rows] / np.maximum(weights[rows], _LEAST)
            seen = slice(top + rows.start, top + rows.stop)
            clean = np.rint(pixels[seen] - taken * scale)
            result[seen] = np.clip(clean, 0, full_scale(pixels)).astype(pixels.dtype)
        for rolling in (steady, swelling, weights):
            rolling[: tall - done] = rolling[done:].copy()
            rolling[tall - done :] = 0
    return result
