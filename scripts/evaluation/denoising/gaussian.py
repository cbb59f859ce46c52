"""Table 1: Gaussian noise on the photos that published denoisers were measured on."""

from __future__ import annotations

from collections.abc import Sequence

from restore.backend import Backend
from restore.job import Denoising, Keep

from . import classical, comparing, protocols
from .comparing import ALL, DEFAULT, INPUT, TOLD, Comparison
from .photographs import Photograph
from .product import side_by_side
from .protocols import GAUSSIAN_SIGMAS
from .tables import Table, at_least, skipped

TITLE = "Gaussian noise, PSNR in dB"
BARS = {15: (33.2, 34.0), 25: (30.5, 31.3), 50: (27.0, 28.0)}  #: trained on a CPU, on a GPU


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Compare the product, blind and told the level, with non-local means tuned by level."""
    if not photos:
        return skipped(TITLE)
    filters = classical.usable(classical.MEANS)

    def at(sigma: int) -> list[Comparison]:
        told = Denoising(sigma=float(sigma), keep=Keep.NONE)
        ways = {DEFAULT: Denoising(), ALL: Denoising(keep=Keep.NONE), TOLD: told}

        def one(photo: Photograph) -> Comparison:
            clean = photo.pixels()
            noisy = protocols.with_gaussian(clean, sigma, photo.seed)
            return comparing.compare(backend, photo.name, noisy, clean, ways, filters)

        return side_by_side(one, photos)

    results = {sigma: at(sigma) for sigma in GAUSSIAN_SIGMAS}
    rows = [
        [row, *(f"{comparing.mean(of, row):.2f}" for of in results.values())]
        for row in (INPUT, DEFAULT, ALL, TOLD)
    ]
    bars = [
        at_least(f"sigma {sigma}, {row}", comparing.mean(results[sigma], row), *BARS[sigma])
        for row in (DEFAULT, ALL)
        for sigma in GAUSSIAN_SIGMAS
    ]
    return Table(
        TITLE,
        ["method", *(str(sigma) for sigma in results)],
        rows + comparing.rival_cells(list(results.values()), filters),
        bars,
        [f"{len(photos)} photos. {classical.described(filters)}"],
        {str(sigma): [result.summary() for result in of] for sigma, of in results.items()},
    )
