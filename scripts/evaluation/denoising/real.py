"""Table 3: the noise of real cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restore.backend import Backend
from restore.job import Denoising, Keep, NoiseKind

from ..report import Bar
from . import classical, comparing
from .comparing import ALL, DEFAULT, INPUT, Comparison
from .photographs import Pair, opened
from .product import side_by_side
from .tables import Table, at_least, skipped

TITLE = "Real noise, PSNR in dB"
FORCED = "ours, blind, `--noise sensor`"
WAYS = {
    DEFAULT: Denoising(),
    ALL: Denoising(keep=Keep.NONE),
    FORCED: Denoising(noise=NoiseKind.SENSOR),
}
GAINS = (2, 3)  #: dB above the input: trained on a CPU, on a GPU
HARM = 0.2  #: dB below its input that a pair may be at most


def measure(pairs: Sequence[Pair], backend: Backend) -> Table:
    """Compare the product, blind, with the input and with the best of the classical filters."""
    if not pairs:
        return skipped(TITLE)
    filters = classical.usable(classical.GRID)

    def one(pair: Pair) -> Comparison:
        noisy, clean = opened(pair.noisy), opened(pair.clean)
        return comparing.compare(backend, pair.name, noisy, clean, WAYS, filters)

    results = side_by_side(one, pairs)
    best = comparing.best(results, filters)
    rows = [_line(results, row, row) for row in (INPUT, *WAYS)]
    rows += [
        _line(results, classical.label(won), f"{method}, best setting ({won})")
        for method, won in best.items()
    ]
    gains = _gains(results, DEFAULT)
    bars = [at_least("gain over the input", float(gains.mean()), *GAINS, unit=" dB")]
    rival = comparing.strongest(results, filters)
    if rival is not None:
        above = comparing.mean(results, DEFAULT) - rival
        bars.append(at_least("above the best classical filter", above, 0, unit=" dB"))
    harmed = int((gains < -HARM).sum())
    bars.append(Bar(f"pairs worse by over {HARM} dB", str(harmed), "0", harmed == 0))
    untouched = sum(result.untouched for result in results)
    return Table(
        TITLE,
        ["method", "PSNR", "gain", "worst gain", f"pairs worse by over {HARM} dB"],
        rows,
        bars,
        [
            f"{len(pairs)} pairs; by default {untouched} are taken to have no noise and stay. "
            + classical.described(filters)
        ],
        {"pairs": [result.summary() for result in results]},
    )


def _gains(results: Sequence[Comparison], row: str) -> np.ndarray:
    return np.array([result.psnr[row] - result.psnr[INPUT] for result in results])


def _line(results: Sequence[Comparison], row: str, name: str) -> list[str]:
    gains = _gains(results, row)
    return [
        name,
        f"{comparing.mean(results, row):.2f}",
        f"{gains.mean():+.2f}",
        f"{gains.min():+.2f}",
        str(int((gains < -HARM).sum())),
    ]
