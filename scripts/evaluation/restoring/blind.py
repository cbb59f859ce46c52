"""Table 1: photos that are soft, noisy and compressed, restored without being told how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from restore.backend import Backend
from restore.job import Denoising, Keep, NoiseKind
from restore.routes import Route

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
ONE, MEAN = "ours, one sample", "ours, mean of samples"
CODERS = {
    "autoencoder, default settings": Denoising(),
    "autoencoder, `--noise sensor --keep none`": Denoising(noise=NoiseKind.SENSOR, keep=Keep.NONE),
}
ROWS = (INPUT, ONE, MEAN, *CODERS)
GAINS = (1, 2.5)  #: dB above the input: trained on a CPU, on a GPU


@dataclass(frozen=True)
class _Case:
    """One photo, what is left of it, and what the restorers made of that."""

    truth: Picture
    made: Mapping[str, Picture]  #: by row
    scores: Comparison
    route: Route


def measure(photos: Sequence[Photograph], restorer: Restorer, denoiser: Backend) -> Found:
    """Compare the mean of samples with the input, classical filters and the autoencoder."""
    if not photos:
        return Found(skipped(TITLE), list)
    tried = classical.usable(filters.GRID)

    def one(photo: Photograph) -> _Case:
        truth = photo.pixels()
        left = worn(truth, photo.seed)
        ours = restorer.cleaned(left)
        made = {INPUT: left, ONE: ours.samples[0], MEAN: mean_of(ours.samples)}
        made |= {row: denoised(denoiser, left, wanted).pixels for row, wanted in CODERS.items()}
        scores = {row: psnr(picture, truth) for row, picture in made.items()}
        for filter_, cleaned in filters.applied(tried, left):
            scores[label(filter_)] = psnr(cleaned, truth)
        compared = Comparison(photo.name, scores, ours.route is Route.NONE)
        return _Case(truth, made, compared, ours.route)

    cases = side_by_side(one, photos)
    results = [case.scores for case in cases]
    rows = [[row, f"{comparing.mean(results, row):.2f}"] for row in ROWS]
    rows += comparing.rival_cells([results], tried)
    networked = sum(case.route is Route.NETWORK for case in cases)
    said = (
        f"{len(photos)} photos, {restorer.samples} samples; the network is asked for {networked}. "
        + classical.described(classical.GRID if tried else ())
    )
    table = Table(
        TITLE,
        ["method", "PSNR"],
        rows,
        _bars(results, tried),
        [f"{said} {filters.described()}" if tried else said],
        {"photos": [{**case.scores.summary(), "route": str(case.route)} for case in cases]},
    )

    def views() -> list[View]:
        won, coder = comparing.winner(results, tried), _coder(results)
        return [
            View(
                f"{case.scores.name}, restored",
                [
                    *(case.made[row] for row in (INPUT, ONE, MEAN)),
                    case.made[INPUT] if won is None else won(case.made[INPUT]),
                    *(case.truth, case.made[coder]),
                ],
            )
            for case in cases
        ]

    return Found(table, views)


def _coder(results: Sequence[Comparison]) -> str:
    """Return the row of the autoencoder's better way."""
    return max(CODERS, key=lambda row: comparing.mean(results, row))


def _bars(results: Sequence[Comparison], tried: Sequence[classical.Filter]) -> list[Bar]:
    """Hold the mean of samples against the input, the best filter and the autoencoder."""
    ours = comparing.mean(results, MEAN)
    gain = ours - comparing.mean(results, INPUT)
    bars = [at_least("above the input", gain, *GAINS, unit=" dB")]
    rival = comparing.strongest(results, tried)
    if rival is not None:
        bars.append(at_least("above the best classical filter", ours - rival, 0, unit=" dB"))
    above = ours - comparing.mean(results, _coder(results))
    what = "above the autoencoder (asked of what is trained on a GPU)"
    return [*bars, at_least(what, above, 0, unit=" dB")]
