"""Table 4: photographs without noise, which must stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from restore.backend import Backend
from restore.job import Denoising, NoiseKind

from ..report import Bar
from .photographs import Photograph
from .product import denoised, side_by_side
from .tables import Table, at_least, skipped

TITLE = "Clean photos, PSNR against themselves in dB, before encoding"
WAYS = {"default settings": Denoising(), "`--noise sensor`": Denoising(noise=NoiseKind.SENSOR)}
BARS = (45, 50)  #: trained on a CPU, on a GPU
CHANGE = 1.0  #: mean change that is allowed, in levels


@dataclass(frozen=True)
class Left:
    """What became of one clean photo."""

    name: str
    squared: float  #: mean squared change, levels
    change: float  #: mean absolute change, levels
    untouched: bool

    @property
    def psnr(self) -> float:
        return _psnr(self.squared)


def _psnr(squared: float) -> float:
    return float(10 * np.log10(255**2 / squared)) if squared else float("inf")


def measure(sets: Mapping[str, Sequence[Photograph]], backend: Backend) -> Table:
    """Denoise clean photos, by default and with no way out, and measure what changed."""
    if not sets:
        return skipped(TITLE)
    rows, bars, numbers = [], [], {}
    for set_, photos in sets.items():
        for way, wanted in WAYS.items():

            def one(photo: Photograph, wanted: Denoising = wanted) -> Left:
                before = photo.pixels()
                after = denoised(backend, before, wanted)
                change = after.pixels.astype(np.float64) - before
                squared, mean = float((change**2).mean()), float(np.abs(change).mean())
                return Left(photo.name, squared, mean, after.untouched)

            left = side_by_side(one, photos)
            pooled = _psnr(float(np.mean([photo.squared for photo in left])))
            lowest = min(photo.psnr for photo in left)
            change = float(np.mean([photo.change for photo in left]))
            most = max(photo.change for photo in left)
            untouched = sum(photo.untouched for photo in left)
            rows.append(
                [
                    f"{set_}, {way}",
                    f"{pooled:.2f}",
                    f"{lowest:.2f}",
                    f"{change:.3f}",
                    f"{most:.3f}",
                    f"{untouched} of {len(left)}",
                ]
            )
            name = f"{set_}, {way}"
            bars += [
                at_least(f"{name}, all pixels together", pooled, *BARS),
                at_least(f"{name}, lowest photo", lowest, *BARS),
                Bar(f"{name}, most mean change", f"{most:.3f}", f"under {CHANGE:g}", most < CHANGE),
            ]
            numbers[name] = [asdict(photo) for photo in left]
    return Table(
        TITLE,
        [
            "photos",
            "all pixels together",
            "lowest photo",
            "mean change, levels",
            "most mean change",
            "untouched",
        ],
        rows,
        bars,
        ["`--noise sensor` denoises whatever the detector would say."],
        numbers,
    )
