"""Table 5: the estimated level of Gaussian noise against the level that was added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from restore.backend import Backend
from restore.job import Denoising

from ..report import Bar
from . import protocols
from .photographs import Photograph
from .product import denoised, side_by_side
from .tables import Table, skipped

TITLE = "Estimated level of Gaussian noise"
SIGMAS = (5, 10, 15, 25, 35, 50)
MEASURED_ONLY = Denoising(strength=0)
MEDIAN, WORST = 0.10, 0.30  #: relative errors that are allowed


@dataclass(frozen=True)
class Estimate:
    """One photo at one level; 8-bit levels."""

    name: str
    added: float
    clipped: float  #: what clipping and rounding left of it
    estimated: tuple[float, ...]  #: red, green, blue

    @property
    def level(self) -> float:
        return float(np.mean(self.estimated))

    @property
    def error(self) -> float:
        return abs(self.level / self.added - 1)

    @property
    def worst_channel_error(self) -> float:
        return max(abs(level / self.added - 1) for level in self.estimated)


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Measure the level of known noise, as the record of a run tells it."""
    if not photos:
        return skipped(TITLE)

    def at(sigma: int) -> list[Estimate]:
        def one(photo: Photograph) -> Estimate:
            clean = photo.pixels()
            noisy = protocols.with_gaussian(clean, sigma, photo.seed)
            levels = denoised(backend, noisy, MEASURED_ONLY).noise.levels
            assert levels is not None  # the backend that ships measures them
            clipped = protocols.clipped_sigma(clean, sigma, photo.seed)
            return Estimate(photo.name, sigma, clipped, levels.typical)

        return side_by_side(one, photos)

    results = {sigma: at(sigma) for sigma in SIGMAS}
    everything = [estimate for of in results.values() for estimate in of]
    errors = [estimate.error for estimate in everything]
    median, worst = float(np.median(errors)), max(everything, key=lambda one: one.error)
    return Table(
        TITLE,
        [
            "added",
            "left by clipping",
            "estimated, median",
            "error, median",
            "error, worst photo",
            "error, worst channel",
        ],
        [_line(sigma, of) for sigma, of in results.items()],
        [
            Bar("median error", f"{median:.1%}", f"{MEDIAN:.0%}", median <= MEDIAN),
            Bar(
                f"worst error ({worst.name} at {worst.added:g})",
                f"{worst.error:.1%}",
                f"{WORST:.0%}",
                worst.error <= WORST,
            ),
        ],
        [
            f"{len(photos)} photos. Levels of 255, the mean of the channels' typical levels. The "
            "truth is the deviation before clipping, which makes strong noise weaker."
        ],
        {str(sigma): [asdict(estimate) for estimate in of] for sigma, of in results.items()},
    )


def _line(sigma: int, of: Sequence[Estimate]) -> list[str]:
    return [
        str(sigma),
        f"{np.mean([one.clipped for one in of]):.1f}",
        f"{np.median([one.level for one in of]):.1f}",
        f"{np.median([one.error for one in of]):.1%}",
        f"{max(one.error for one in of):.1%}",
        f"{max(one.worst_channel_error for one in of):.1%}",
    ]
