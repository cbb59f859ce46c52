"""The grain of a film, told from what came later and given back.

Grain is the same in all channels, so it is in the luma, and it is blurred, by the film and by
the lens. What a scanner or a sensor added is as strong at the finest frequencies, where grain is
gone: the power P there is that of white noise. P - white is the grain's, and a filter of gain
sqrt((P - white) / P) makes of what was removed a layer with the grain's spectrum.

Source: Welch 1967, "The Use of Fast Fourier Transform for the Estimation of Power Spectra", IEEE
Trans. Audio Electroacoust. 15(2) (averaged, windowed periodograms).
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as nn
from numpy.typing import NDArray
from torch import Tensor

from .removed import Floats, Pixels, levels, luma

MARGIN = 7  #: pixels that the filter reaches to each side

_WINDOW = 32  # pixels along a side
_MOST = 64  # windows along each side of a photo
_GROUPS = 4  # of windows, by brightness: the flattest are not to be all in the sky
_FLAT = 0.5  # share of each group that counts as flat
_FINEST = 0.55  # cycles per pixel: beyond it, in the corners of the spectrum, grain is gone
_CLEAR = 1.05  # times the white noise: less is chance


def grain_filter(before: Pixels, after: Pixels) -> Tensor:
    """Return the filter that makes grain of the removed luma: (15, 15) float32, symmetric.

    It is 0 where nothing that was removed is like grain, or the photo is too small to tell.

    Args:
        before: (H, W, C), uint8 or uint16, C 1 or 3. Only windows of it are read.
        after: Likewise.
    """
    if min(after.shape[:2]) < _WINDOW:
        return torch.zeros(2 * MARGIN + 1, 2 * MARGIN + 1)
    power = _power(before, after)
    axis = np.fft.fftfreq(_WINDOW)
    distance = np.hypot(axis[:, None], axis[None, :])
    white = float(power[distance > _FINEST].mean())
    centres, ringed = _rings(power, distance)
    share = np.maximum(ringed - _CLEAR * white, 0) / np.maximum(ringed, 1e-12)
    response = np.fft.ifft2(np.interp(distance, centres, np.sqrt(share))).real
    reach = np.arange(-MARGIN, MARGIN + 1)
    return torch.from_numpy(response[np.ix_(reach, reach)].astype(np.float32))


def given_back(removed: Floats, kernel: Tensor) -> Floats:
    """Return the grain in a removed layer, to be added to every channel: (rows, W, 1).

    Beyond its edges the layer goes on as it ends: a strip needs `MARGIN` rows more on each side
    that has any.

    Args:
        removed: (rows, W, C), before - after, in any unit.
        kernel: Of `grain_filter`.
    """
    plane = torch.from_numpy(luma(removed))[None, None]
    padded = nn.pad(plane, (MARGIN, MARGIN, MARGIN, MARGIN), mode="replicate")
    grain: Floats = nn.conv2d(padded, kernel[None, None])[0, 0, ..., None].numpy()
    return grain


def _starts(length: int) -> list[int]:
    """Return where windows begin on an axis: half their size apart, or wider on a long one."""
    count = min(2 * length // _WINDOW - 1, _MOST)
    return np.linspace(0, length - _WINDOW, count).astype(int).tolist()


def _power(before: Pixels, after: Pixels) -> NDArray[np.float64]:
    """Return the spectrum of the removed luma, the mean over flat windows."""
    removed, bright, rough = [], [], []
    for top in _starts(after.shape[0]):
        for left in _starts(after.shape[1]):
            window = np.s_[top : top + _WINDOW, left : left + _WINDOW]
            stayed = levels(after[window])
            removed.append(luma(levels(before[window]) - stayed))
            bright.append(luma(stayed).mean())
            rough.append(luma(stayed).std())
    taper = np.hanning(_WINDOW + 2)[1:-1]
    spectra = []
    for group in np.array_split(np.argsort(bright, kind="stable"), _GROUPS):
        calm = group[np.argsort(np.take(rough, group), kind="stable")]
        for i in calm[: math.ceil(_FLAT * len(group))]:
            tapered = (removed[i] - removed[i].mean()) * np.outer(taper, taper)
            spectra.append(np.square(np.abs(np.fft.fft2(tapered))))
    return np.mean(spectra, axis=0)


def _rings(
    power: NDArray[np.float64], distance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean power by distance from 0 in cycles per pixel; both (rings,).

    The innermost frequencies, of which the window's mean was taken away, count as the next do.
    """
    ring = np.maximum(np.rint(distance * _WINDOW).astype(int), 2).ravel() - 2
    counts = np.bincount(ring)
    centres = np.bincount(ring, distance.ravel()) / counts
    inner = (distance * _WINDOW < 1.5).ravel()
    outer = np.bincount(ring[~inner], power.ravel()[~inner]) / np.bincount(ring[~inner])
    return centres, outer
