"""One noisy picture with its truth: the input, the product in several ways, and its rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np

from restore.backend import Backend
from restore.job import Denoising

from ..metrics import Picture, psnr
from .classical import Filter, Setting, label
from .product import denoised

INPUT = "noisy input"
DEFAULT = "ours, blind, default settings"
ALL = "ours, blind, `--keep none`"
TOLD = "ours, told the level, `--keep none`"

Tried = TypeVar("Tried", bound=Setting)


@dataclass(frozen=True)
class Comparison:
    """The PSNR of everything that was made of one noisy picture, in dB."""

    name: str
    psnr: Mapping[str, float]
    untouched: bool  #: by the first of the product's ways

    def summary(self) -> dict[str, object]:
        """Return what a JSON file keeps."""
        return asdict(self)


def compare(
    backend: Backend,
    name: str,
    noisy: Picture,
    clean: Picture,
    ways: Mapping[str, Denoising],
    filters: Sequence[Filter],
) -> Comparison:
    """Denoise a picture in every way and compare it with the truth."""
    found = {INPUT: psnr(noisy, clean)}
    untouched = []
    for row, wanted in ways.items():
        cleaned = denoised(backend, noisy, wanted)
        found[row] = psnr(cleaned.pixels, clean)
        untouched.append(cleaned.untouched)
    for filter_ in filters:
        found[label(filter_)] = psnr(filter_(noisy), clean)
    return Comparison(name, found, untouched[0])


def mean(results: Sequence[Comparison], row: str) -> float:
    """Return a row's mean PSNR."""
    return float(np.mean([result.psnr[row] for result in results]))


def best(results: Sequence[Comparison], settings: Sequence[Tried]) -> dict[str, Tried]:
    """Return each method's setting of the best mean PSNR, by the method's name."""
    found: dict[str, Tried] = {}
    for setting in settings:
        so_far = found.get(setting.method)
        if so_far is None or mean(results, label(setting)) > mean(results, label(so_far)):
            found[setting.method] = setting
    return found


def winner(results: Sequence[Comparison], settings: Sequence[Tried]) -> Tried | None:
    """Return the best setting of the best method; None without methods."""
    found = best(results, settings).values()
    return max(found, key=lambda setting: mean(results, label(setting)), default=None)


def rival_cells(
    columns: Sequence[Sequence[Comparison]], filters: Sequence[Setting]
) -> list[list[str]]:
    """Return one line for each method: its name, and for each column its best and where."""
    winners = [best(results, filters) for results in columns]
    methods = dict.fromkeys(filter_.method for filter_ in filters)
    return [
        [f"{method}, best setting"]
        + [
            f"{mean(results, label(won[method])):.2f} ({won[method]})"
            for results, won in zip(columns, winners, strict=True)
        ]
        for method in methods
    ]


def strongest(results: Sequence[Comparison], filters: Sequence[Setting]) -> float | None:
    """Return the mean PSNR of the best method at its best setting; None without methods."""
    won = winner(results, filters)
    return None if won is None else mean(results, label(won))
