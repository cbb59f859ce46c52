"""Table 8: whether `--keep grain` leaves a film's grain as fine and as strong as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from restore.backend import Backend
from restore.job import Denoising, Keep, NoiseKind

from ..metrics import Picture
from ..report import Bar
from . import protocols, spectra
from .fakes import Knowing
from .photographs import Photograph
from .product import denoised, side_by_side
from .spectra import BANDS, Floats
from .tables import Table, skipped

TITLE = "Spectrum of synthetic grain with `--keep grain`, dB"
SIGMA, SIZE = 8.0, 0.8  #: of the grain: levels in mid-tones, pixels
LATER = 6.0  #: levels of Gaussian noise that came after the grain
DEEP = 20.0  #: dB below the strongest band: fainter bands hold no grain that anybody sees
ALLOWED = 1.0  #: dB

KEPT = Denoising(noise=NoiseKind.SENSOR, keep=Keep.GRAIN)
GONE = Denoising(noise=NoiseKind.SENSOR, keep=Keep.NONE)


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Compare the spectrum of what is left of grain with that of the grain that was added."""
    if not photos:
        return skipped(TITLE)

    def spectrum(made: Callable[[Photograph, Picture, Picture], Picture]) -> Floats:
        def one(photo: Photograph) -> Floats:
            clean = photo.pixels()
            grainy = protocols.with_grain(clean, SIGMA, SIZE, photo.seed)
            return spectra.power(made(photo, clean, grainy).astype(np.float64) - clean)

        powers: Floats = np.mean(side_by_side(one, photos), axis=0)
        return powers

    def noisy(photo: Photograph, grainy: Picture) -> Picture:
        return protocols.with_gaussian(grainy, LATER, len(photos) + photo.seed)

    truth = spectrum(lambda photo, clean, grainy: grainy)
    later = f"grain and noise of {LATER:g}"
    found = {
        "grain alone, a perfect denoiser": spectrum(
            lambda photo, clean, grainy: denoised(Knowing(clean), grainy, KEPT).pixels
        ),
        f"{later}, a perfect denoiser": spectrum(
            lambda photo, clean, grainy: denoised(Knowing(clean), noisy(photo, grainy), KEPT).pixels
        ),
        "grain alone": spectrum(
            lambda photo, clean, grainy: denoised(backend, grainy, KEPT).pixels
        ),
        later: spectrum(
            lambda photo, clean, grainy: denoised(backend, noisy(photo, grainy), KEPT).pixels
        ),
        f"{later}, before": spectrum(lambda photo, clean, grainy: noisy(photo, grainy)),
        f"{later}, `--keep none`": spectrum(
            lambda photo, clean, grainy: denoised(backend, noisy(photo, grainy), GONE).pixels
        ),
    }
    visible = spectra.decibels(truth, np.full(BANDS, truth.max())) > -DEEP
    differences = {row: spectra.decibels(power, truth) for row, power in found.items()}
    worst = {row: float(np.abs(of[visible]).max()) for row, of in differences.items()}
    return Table(
        TITLE,
        ["what", "farthest band", "mean distance", *_names(visible)],
        [
            [
                row,
                f"{worst[row]:.2f}",
                f"{np.abs(of[visible]).mean():.2f}",
                *(f"{value:+.1f}" for value in of[visible]),
            ]
            for row, of in differences.items()
        ],
        [
            Bar(row, f"{worst[row]:.2f} dB", f"within {ALLOWED:g} dB", worst[row] <= ALLOWED)
            for row in ("grain alone", later)
        ],
        [
            f"{len(photos)} photos; grain of {SIGMA:g} levels and {SIZE:g} pixels. Bands of radial "
            f"frequency, cycles per pixel, in which grain is within {DEEP:g} dB of its strongest."
        ],
        {
            "truth": truth.tolist(),
            "difference": {row: of.tolist() for row, of in differences.items()},
        },
    )


def _names(visible: np.ndarray) -> list[str]:
    return [f"{(band + 0.5) / (2 * BANDS):.3f}" for band in range(BANDS) if visible[band]]
