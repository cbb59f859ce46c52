"""Table 1: photos that are soft, noisy and compressed, restored without being told how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from restore.backend import Backend
from restore.job import Denoising, Keep, NoiseKind

from ..denoising import classical, comparing
from ..denoising.classical import label
from ..denoising.comparing import Comparison
from ..denoising.photographs import Photograph
from ..denoising.product import denoised, side_by_side
from ..denoising.tables import Table, at_least, skipped
from ..metrics import Picture, psnr
from ..report import Bar
from . import filters
from .looking import Found, View
from .product import Restorer, mean_of
from .worn import worn

TITLE = "Blind restoration, PSNR in dB"
INPUT = "input"
DEFAULT = "default settings"
ALL = "`--noise sensor --keep none`"
WAYS = {DEFAULT: Denoising(), ALL: Denoising(noise=NoiseKind.SENSOR, keep=Keep.NONE)}
GAINS = (1, 2.5)  #: dB above the input: trained on a CPU, on a GPU


def one_sample(way: str) -> str:
    """Name the row of a single sample."""
    return f"ours, one sample, {way}"


def mean_of_samples(way: str) -> str:
    """Name the row that the bars are about."""
    return f"ours, mean of samples, {way}"


def autoencoder(way: str) -> str:
    """Name the row of the denoiser that ships."""
    return f"autoencoder, {way}"


@dataclass(frozen=True)
class _Case:
    """One photo, what is left of it, and what the restorers made of that."""

    left: Picture
    truth: Picture
    made: Mapping[str, Picture]  #: by row
    scores: Comparison


def measure(photos: Sequence[Photograph], restorer: Restorer, denoiser: Backend) -> Found:
    """Compare the mean of samples with the input, classical filters and the autoencoder."""
    if not photos:
        return Found(skipped(TITLE), list)
    tried = classical.usable(filters.GRID)

    def one(photo: Photograph) -> _Case:
        truth = photo.pixels()
        left = worn(truth, photo.seed)
        made = {INPUT: left}
        for way, wanted in WAYS.items():
            samples = restorer.cleaned(left, wanted)
            made[one_sample(way)] = samples[0]
            made[mean_of_samples(way)] = mean_of(samples)
            made[autoencoder(way)] = denoised(denoiser, left, wanted).pixels
        scores = {row: psnr(picture, truth) for row, picture in made.items()}
        scores |= {label(filter_): psnr(filter_(left), truth) for filter_ in tried}
        return _Case(left, truth, made, Comparison(photo.name, scores, untouched=False))

    cases = side_by_side(one, photos)
    results = [case.scores for case in cases]
    rows = [[row, f"{comparing.mean(results, row):.2f}"] for row in _rows()]
    rows += comparing.rival_cells([results], tried)
    denoisers = classical.described(classical.GRID if tried else ())
    said = f"{len(photos)} photos, {restorer.samples} samples. {denoisers}"
    table = Table(
        TITLE,
        ["method", "PSNR"],
        rows,
        _bars(results, tried),
        [f"{said} {filters.described()}" if tried else said],
        {"photos": [result.summary() for result in results]},
    )

    def views() -> list[View]:
        won = comparing.winner(results, tried)
        best = max((autoencoder(way) for way in WAYS), key=lambda r: comparing.mean(results, r))
        ours = max(WAYS, key=lambda way: comparing.mean(results, mean_of_samples(way)))
        return [
            View(
                f"{case.scores.name}, {ours}",
                [
                    *(case.left, case.made[one_sample(ours)], case.made[mean_of_samples(ours)]),
                    *(case.left if won is None else won(case.left), case.truth, case.made[best]),
                ],
            )
            for case in cases
        ]

    return Found(table, views)


def _rows() -> list[str]:
    return [INPUT, *(name(way) for name in (one_sample, mean_of_samples, autoencoder)
                     for way in WAYS)]  # fmt: skip


def _bars(results: Sequence[Comparison], tried: Sequence[classical.Filter]) -> list[Bar]:
    """Hold each way against the input, the best filter, and the better of the autoencoder's."""
    rival = comparing.strongest(results, tried)
    denoiser = max(comparing.mean(results, autoencoder(way)) for way in WAYS)
    bars = []
    for way in WAYS:
        ours = comparing.mean(results, mean_of_samples(way))
        gain = ours - comparing.mean(results, INPUT)
        bars.append(at_least(f"{way}, above the input", gain, *GAINS, unit=" dB"))
        if rival is not None:
            what = f"{way}, above the best classical filter"
            bars.append(at_least(what, ours - rival, 0, unit=" dB"))
        above = ours - denoiser
        what = f"{way}, above the autoencoder (only if trained on a GPU)"
        bars.append(at_least(what, above, 0, unit=" dB"))
    return bars
