"""How strong a layer is at each fineness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = 16  #: of equal width, from 0 to half a cycle per pixel
_LUMA = np.array([0.299, 0.587, 0.114])

Floats = NDArray[np.float64]


def power(layer: Floats) -> Floats:
    """Return the mean power of a layer's luma in each band of radial frequency: (BANDS,).

    Args:
        layer: (H, W, 3), any unit, mean about 0. Power is per pixel, in its square: white noise
            of deviation s has a power of s^2 in every band.
    """
    height, width = layer.shape[:2]
    window = np.outer(np.hanning(height), np.hanning(width))
    spectrum = np.fft.rfft2((layer @ _LUMA) * window)
    squared = np.abs(spectrum) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    band = (radius * 2 * BANDS).astype(np.intp).ravel()
    inside = band < BANDS
    counts = np.bincount(band[inside], minlength=BANDS)
    sums = np.bincount(band[inside], squared.ravel()[inside], BANDS)
    mean: Floats = sums / np.maximum(counts, 1)
    return mean


def decibels(power: Floats, reference: Floats) -> Floats:
    """Return how far a power is above another, in dB."""
    level: Floats = 10 * np.log10(np.maximum(power, 1e-12) / np.maximum(reference, 1e-12))
    return level
