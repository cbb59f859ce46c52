"""Table 7: whether what was removed is judged rightly, and detail given back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from restore.backend import Backend
from restore.evidence import Removed
from restore.job import Denoising, NoiseKind

from ..metrics import Picture
from ..report import Bar
from . import pages, protocols
from .fakes import Knowing, Smearing
from .photographs import Photograph
from .product import denoised, side_by_side
from .tables import Table, share, skipped

TITLE = "What was removed, and `--keep detail`"
SIGMA = 25
SLIGHT = 10  #: levels of noise beneath which a smearing denoiser is to be caught too
FORCED = Denoising(noise=NoiseKind.GAUSSIAN)  #: the backend is used, whatever is found
RANDOM, STRUCTURE, GIVEN_BACK = 0.95, 0.60, 0.85

NOISE = f"Gaussian noise of {SIGMA}, removed perfectly"
OURS = f"Gaussian noise of {SIGMA}, removed by ours"
TEXT = "text, removed from a clean page"
SMEARED = "detail, smeared on clean photos"
SMEARED_NOISE = f"detail, smeared with Gaussian noise of {SLIGHT}"


@dataclass(frozen=True)
class Judged:
    """One picture: what a denoiser removed, and what of that did not come back."""

    name: str
    amount: float  #: RMS, levels
    random: float  #: share, 0 to 1
    amount_left: float
    random_left: float


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Judge removed layers that are known to be noise, or structure, or both."""
    if not photos:
        return skipped(TITLE)

    def noise(photo: Photograph, by: Backend | None) -> Judged:
        clean = photo.pixels()
        noisy = protocols.with_gaussian(clean, SIGMA, photo.seed)
        return _judged(photo.name, by or Knowing(clean), noisy)

    def smeared(photo: Photograph, sigma: float) -> Judged:
        noisy = protocols.with_gaussian(photo.pixels(), sigma, photo.seed)
        return _judged(photo.name, Smearing(), noisy)

    def text(size: int) -> Judged:
        return _judged(f"{size} pixels", Knowing(pages.blank()), pages.printed(size, seed=size))

    def over_photos(one: Callable[[Photograph], Judged]) -> list[Judged]:
        return side_by_side(one, photos)

    results = {
        NOISE: over_photos(lambda photo: noise(photo, None)),
        OURS: over_photos(lambda photo: noise(photo, backend)),
        TEXT: side_by_side(text, pages.SIZES),
        SMEARED: over_photos(lambda photo: smeared(photo, 0)),
        SMEARED_NOISE: over_photos(lambda photo: smeared(photo, SLIGHT)),
    }
    bars = [_bar(f"{NOISE}: random", [one.random for one in results[NOISE]], RANDOM)]
    for row in (TEXT, SMEARED):
        before = [one.random for one in results[row]]
        after = [one.random_left for one in results[row]]
        bars.append(_bar(f"{row}: random", before, STRUCTURE, at_most=True))
        bars.append(_bar(f"{row}: random after `--keep detail`", after, GIVEN_BACK))
    return Table(
        TITLE,
        [
            "what is removed",
            "pictures",
            "RMS, levels",
            "called random",
            "least .. most",
            "RMS after `--keep detail`",
            "called random",
            "least .. most",
        ],
        [_line(row, of) for row, of in results.items()],
        bars,
        ["Bars hold the mean over the pictures."],
        {row: [asdict(one) for one in of] for row, of in results.items()},
    )


def _judged(name: str, backend: Backend, picture: Picture) -> Judged:
    noise = denoised(backend, picture, FORCED).noise
    return Judged(name, *_told(noise.first), *_told(noise.last))


def _told(removed: Removed | None) -> tuple[float, float]:
    """Return how much was removed and which share of it looks random; nothing is random."""
    return (0.0, 1.0) if removed is None else (removed.amount, removed.random_share)


def _bar(what: str, values: Sequence[float], bar: float, at_most: bool = False) -> Bar:
    return share(what, float(np.mean(values)), bar, at_most)


def _line(row: str, of: Sequence[Judged]) -> list[str]:
    def shares(values: Sequence[float]) -> list[str]:
        return [f"{np.mean(values):.1%}", f"{min(values):.1%} .. {max(values):.1%}"]

    return [
        row,
        str(len(of)),
        f"{np.mean([one.amount for one in of]):.2f}",
        *shares([one.random for one in of]),
        f"{np.mean([one.amount_left for one in of]):.2f}",
        *shares([one.random_left for one in of]),
    ]
