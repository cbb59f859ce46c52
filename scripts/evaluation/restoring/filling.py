"""Table 2: what fills holes, and whether anything else is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..denoising import classical, comparing
from ..denoising.classical import label
from ..denoising.comparing import Comparison
from ..denoising.photographs import Photograph
from ..denoising.product import side_by_side
from ..denoising.tables import Table, at_least, skipped
from ..metrics import Picture, psnr
from ..report import Bar
from . import filters
from .holes import Mask, holes
from .looking import Found, View
from .product import Restorer, mean_of

TITLE = "Filling, PSNR inside the holes in dB"
ONE, MEAN = "ours, one sample", "ours, mean of samples"
MARGINS = (0, 2)  #: dB above the rivals: trained on a CPU, on a GPU
PAINT = 255  #: what a photo has in its holes, as scratches are mostly white


@dataclass(frozen=True)
class _Case:
    """One photo with holes, and what filled them."""

    left: Picture
    truth: Picture
    mask: Mask
    made: Mapping[str, Picture]  #: by row
    scores: Comparison
    changed: Mapping[int, int]  #: bits -> pixels outside the mask that are not what they were


def measure(photos: Sequence[Photograph], restorer: Restorer) -> Found:
    """Compare the mean of samples with OpenCV's two ways; count what changed elsewhere."""
    if not photos:
        return Found(skipped(TITLE), list)
    tried = classical.usable(filters.FILLINGS)

    def one(photo: Photograph) -> _Case:
        truth = photo.pixels()
        mask = holes(truth.shape[0], truth.shape[1], photo.seed)
        left = np.where(mask[..., None], np.uint8(PAINT), truth)
        samples = restorer.filled(left, mask)
        made = {ONE: samples[0], MEAN: mean_of(samples)}
        scores = {row: psnr(picture[mask], truth[mask]) for row, picture in made.items()}
        scores |= {label(way): psnr(way(left, mask)[mask], truth[mask]) for way in tried}
        deep = deepened(left, photo.seed)
        changed = {
            8: max(changes(left, sample, mask) for sample in samples),
            16: changes(deep, restorer.filled(deep, mask, samples=1)[0], mask),
        }
        scored = Comparison(photo.name, scores, untouched=False)
        return _Case(left, truth, mask, made, scored, changed)

    cases = side_by_side(one, photos)
    results = [case.scores for case in cases]
    rows = [[row, f"{comparing.mean(results, row):.2f}"] for row in (ONE, MEAN)]
    rows += comparing.rival_cells([results], tried)
    bars = []
    for method, won in comparing.best(results, tried).items():
        above = comparing.mean(results, MEAN) - comparing.mean(results, label(won))
        bars.append(at_least(f"above {method}", above, *MARGINS, unit=" dB"))
    for bits in (8, 16):
        count = sum(case.changed[bits] for case in cases)
        bars.append(Bar(f"pixels changed outside, {bits} bits", str(count), "0", count == 0))
    share = float(np.mean([case.mask.mean() for case in cases]))
    rivals = f"radii {', '.join(map(str, filters.RADII))}" if tried else classical.ABSENT
    table = Table(
        TITLE,
        ["method", "PSNR inside"],
        rows,
        bars,
        [
            f"{len(photos)} photos, {restorer.samples} samples; holes over {share:.1%}. "
            f"OpenCV: {rivals}."
        ],
        {
            "photos": [
                {**case.scores.summary(), "share": float(case.mask.mean()), "changed": case.changed}
                for case in cases
            ]
        },
    )

    def views() -> list[View]:
        won = comparing.winner(results, tried)
        return [
            View(
                f"{case.scores.name}, filled",
                [
                    *(case.left, case.made[ONE], case.made[MEAN]),
                    *(case.left if won is None else won(case.left, case.mask), case.truth),
                ],
            )
            for case in cases
        ]

    return Found(table, views)


def deepened(picture: Picture, seed: int) -> NDArray[np.uint16]:
    """Return a picture in 16 bits, the lower eight drawn at random: none may be lost."""
    low = np.random.default_rng(seed).integers(0, 256, picture.shape, np.uint16)
    return np.asarray(picture.astype(np.uint16) << 8 | low)


def changes(before: NDArray[Any], after: NDArray[Any], mask: Mask) -> int:
    """Count the pixels outside a mask that differ."""
    return int((before != after).any(axis=2)[~mask].sum())
