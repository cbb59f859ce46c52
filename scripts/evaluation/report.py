"""The tables that an evaluation prints, and the bars it is held to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from restore import evidence

from .measure import DEFAULT, GREY, MEAN, PER_LIGHTNESS, SAMPLE, PhotoResult, Score


@dataclass(frozen=True)
class Calibration:
    """How well the spread of samples foretells the error of the mean."""

    variance_ratio: float  #: variance that the samples predict over the one there is
    rank_within: float  #: rank correlation, mean over photos
    rank_pooled: float  #: the same over the pixels of all photos
    ause: float  #: area under the sparsification error curve, pooled
    ause_flat: float  #: the same for a map that says nothing
    error_per_spread: float  #: CIEDE2000 of the default output over the spread, both averaged

    @classmethod
    def of(cls, results: Sequence[PhotoResult]) -> Calibration:
        cells = [result.cells for result in results]
        within = [evidence.rank_correlation(one.spread, one.mean_error) for one in cells]
        spread = torch.cat([one.spread for one in cells])
        variance = torch.cat([one.variance for one in cells])
        error = torch.cat([one.mean_error for one in cells])
        return cls(
            variance_ratio=evidence.variance_ratio(variance, error),
            rank_within=float(np.mean(within)),
            rank_pooled=evidence.rank_correlation(spread, error),
            ause=evidence.ause(spread, error),
            ause_flat=evidence.ause(torch.zeros_like(error), error),
            error_per_spread=float(
                torch.cat([one.result_error for one in cells]).mean() / spread.mean()
            ),
        )


@dataclass(frozen=True)
class Bar:
    """One line of what must be reached."""

    what: str
    value: str
    bar: str
    holds: bool


def accuracy_table(results: Sequence[PhotoResult]) -> str:
    """Return the outputs, one a line, as means over the photos."""
    lines = [
        "| output | PSNR RGB | CIEDE2000 | AuC of ab error, 0-150 | colourfulness / truth "
        "| pixels with L* moved |",
        "|---|---|---|---|---|---|",
    ]
    truth = np.mean([result.truth_colourfulness for result in results])
    for name in results[0].scores:
        scores = [result.scores[name] for result in results]

        def mean(measure: Callable[[Score], float], of: list[Score] = scores) -> float:
            return float(np.mean([measure(score) for score in of]))

        lines.append(
            f"| {name} | {mean(lambda s: s.psnr):.2f} | {mean(lambda s: s.ciede2000):.2f} "
            f"| {mean(lambda s: s.area):.2f} | {mean(lambda s: s.colourfulness) / truth:.2f} "
            f"| {sum(score.moved for score in scores)} |"
        )
    return "\n".join(lines)


def gain(
    results: Sequence[PhotoResult], other: str, measure: Callable[[Score], float]
) -> tuple[float, float]:
    """Return how much the mean's measure is above another output's, and its standard error."""
    pairs = [(result.scores[MEAN], result.scores[other]) for result in results]
    gains = np.array([measure(ours) - measure(theirs) for ours, theirs in pairs])
    return float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))


def bars(results: Sequence[PhotoResult], calibration: Calibration, samples: int) -> list[Bar]:
    """Hold the results against what this project asks of its colorizer."""
    lines = []

    def above(what: str, value: tuple[float, float], cpu: float, gpu: float) -> None:
        shown = f"{value[0]:+.2f} ± {value[1]:.2f}"
        lines.append(Bar(what, shown, f"{cpu:+} (trained on a GPU {gpu:+})", value[0] >= cpu))

    above("PSNR of the mean above grey", gain(results, GREY, lambda s: s.psnr), 1.0, 1.5)
    per_lightness = gain(results, PER_LIGHTNESS, lambda s: s.psnr)
    above("PSNR above mean ab per lightness", per_lightness, 0.5, 0.5)
    above(
        "AuC above mean ab per lightness", gain(results, PER_LIGHTNESS, lambda s: s.area), 0.7, 1.2
    )
    above("CIEDE2000 below grey", gain(results, GREY, lambda s: -s.ciede2000), 0.45, 0.9)

    def within(what: str, value: float, low: float, high: float) -> None:
        lines.append(Bar(what, f"{value:.2f}", f"{low:g} to {high:g}", low <= value <= high))

    truth = float(np.mean([result.truth_colourfulness for result in results]))
    default = float(np.mean([result.scores[DEFAULT].colourfulness for result in results]))
    within("colourfulness of the default / truth", default / truth, 0.5, 0.9)
    within("variance ratio of true samples", calibration.variance_ratio, 0.7, 1.4)
    grey = float(np.mean([result.scores[GREY].ciede2000 for result in results]))
    best = float(np.mean([result.best_of_samples for result in results]))
    lines.append(
        Bar(
            f"best of {samples}, CIEDE2000 below grey",
            f"{grey - best:+.2f}",
            "+0.6",
            grey - best >= 0.6,
        )
    )
    rank, pooled = calibration.rank_within, calibration.rank_pooled
    lines.append(Bar("rank correlation within a photo", f"{rank:.2f}", "0.25", rank >= 0.25))
    lines.append(Bar("rank correlation pooled", f"{pooled:.2f}", "0.35", pooled >= 0.35))
    share = 1 - calibration.ause / calibration.ause_flat
    shown = f"{calibration.ause:.3f} against {calibration.ause_flat:.3f}: {share:.0%} less"
    lines.append(Bar("AUSE against a flat map", shown, "33% less", share >= 1 / 3))
    moved = sum(result.scores[name].moved for result in results for name in (MEAN, DEFAULT, SAMPLE))
    lines.append(Bar("pixels with L* moved by over 100/255", str(moved), "0", moved == 0))
    return lines


def bars_table(lines: Sequence[Bar]) -> str:
    """Return the bars as Markdown."""
    head = ["| what | measured | bar | holds |", "|---|---|---|---|"]
    body = [
        f"| {line.what} | {line.value} | {line.bar} | {'yes' if line.holds else 'no'} |"
        for line in lines
    ]
    return "\n".join(head + body)


def diversity_line(results: Sequence[PhotoResult], calibration: Calibration) -> str:
    """Return what seeds change, and what a unit of spread is worth, in a sentence."""
    samples = np.mean([result.sample_diversity for result in results])
    default = np.mean([result.default_diversity for result in results])
    return (
        f"Two seeds differ by CIEDE2000 {samples:.2f} as true samples and {default:.2f} by "
        f"default. The default's CIEDE2000 is {calibration.error_per_spread:.3f} of the spread."
    )
