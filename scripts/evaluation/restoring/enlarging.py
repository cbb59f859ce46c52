"""Table 3: photos that were made small, enlarged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..denoising import comparing
from ..denoising.comparing import Comparison
from ..denoising.photographs import Photograph
from ..denoising.product import side_by_side
from ..denoising.tables import Table, at_least, skipped
from ..metrics import Picture, psnr
from .filters import ENLARGINGS
from .looking import Found, View
from .product import Restorer, mean_of
from .reducing import SCALES, cropped, reduced

TITLE = "Enlarging, PSNR in dB"
ONE, MEAN = "ours, one sample", "ours, mean of samples"
MARGINS = (0, 0.5)  #: dB above the rivals: trained on a CPU, on a GPU
ROWS = (ONE, MEAN, *(way.method for way in ENLARGINGS))


@dataclass(frozen=True)
class _Case:
    """One photo made small, and what was made of that."""

    small: Picture
    truth: Picture
    made: Mapping[str, Picture]  #: by row
    scores: Comparison


def measure(photos: Sequence[Photograph], restorer: Restorer) -> Found:
    """Compare the mean of samples with Pillow's bicubic and Lanczos."""
    if not photos:
        return Found(skipped(TITLE), list)

    def at(scale: int) -> list[_Case]:
        def one(photo: Photograph) -> _Case:
            truth = cropped(photo.pixels(), scale)
            small = reduced(truth, scale)
            samples = restorer.enlarged(small, scale)
            made = {ONE: samples[0], MEAN: mean_of(samples)}
            made |= {way.method: way(small, scale) for way in ENLARGINGS}
            scores = {row: psnr(picture, truth) for row, picture in made.items()}
            return _Case(small, truth, made, Comparison(photo.name, scores, untouched=False))

        return side_by_side(one, photos)

    cases = {scale: at(scale) for scale in SCALES}
    results = {scale: [case.scores for case in of] for scale, of in cases.items()}
    rows = [[row, *(f"{comparing.mean(of, row):.2f}" for of in results.values())] for row in ROWS]
    bars = [
        at_least(
            f"x{scale}, above {way.method}",
            comparing.mean(of, MEAN) - comparing.mean(of, way.method),
            *MARGINS,
            unit=" dB",
        )
        for scale, of in results.items()
        for way in ENLARGINGS
    ]
    table = Table(
        TITLE,
        ["method", *(f"x{scale}" for scale in SCALES)],
        rows,
        bars,
        [f"{len(photos)} photos, {restorer.samples} samples. The rivals are Pillow's."],
        {f"x{scale}": [result.summary() for result in of] for scale, of in results.items()},
    )

    def views() -> list[View]:
        found = []
        for scale, of in cases.items():
            won = max(ENLARGINGS, key=lambda way: comparing.mean(results[scale], way.method))
            for case in of:
                repeated = case.small.repeat(scale, 0).repeat(scale, 1)
                pictures = [repeated, case.made[ONE], case.made[MEAN], case.made[won.method]]
                found.append(View(f"{case.scores.name}, x{scale}", [*pictures, case.truth]))
        return found

    return Found(table, views)
