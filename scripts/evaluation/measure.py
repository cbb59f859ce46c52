"""Colorize one photograph in every way that is compared, and score each against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from restore import color
from restore.pipeline import Confidence

from . import metrics
from .baselines import ChromaStatistics, borrowed
from .metrics import Picture
from .product import Colorizer, Look

GREY = "grey, no colour"
PER_LIGHTNESS = "mean ab per lightness"
MEAN = "the network's mean"
DEFAULT = "default output"
SAMPLE = "one true sample"


@dataclass(frozen=True)
class Score:
    """One output of one photo against its truth."""

    psnr: float
    ciede2000: float
    area: float
    colourfulness: float
    moved: int  #: pixels whose L* is not the grey photo's


@dataclass(frozen=True)
class Outputs:
    """What the product made of a grey photo."""

    mean: Picture
    default: list[Picture]
    samples: list[Picture]  #: true ones
    confidence: Confidence


@dataclass(frozen=True)
class Cells:
    """What is foretold and what is true in each cell of the network's grid."""

    spread: Tensor  #: (P,), mean distance of the true samples from the mean, CIE units
    variance: Tensor  #: (P,), of the true samples, its square
    mean_error: Tensor  #: (P,), ab error of the network's mean
    result_error: Tensor  #: (P,), CIEDE2000 of the default output


@dataclass(frozen=True)
class PhotoResult:
    """Everything measured on one photo."""

    name: str
    truth_colourfulness: float
    scores: Mapping[str, Score]
    best_of_samples: float  #: CIEDE2000 of the sample nearest to the truth
    sample_diversity: float  #: CIEDE2000 from sample to sample
    default_diversity: float
    cells: Cells

    def summary(self) -> dict[str, object]:
        """Return what a JSON file keeps."""
        return {key: value for key, value in asdict(self).items() if key != "cells"}


def colorize(colorizer: Colorizer, grey: Picture, samples: int, seed: int) -> Outputs:
    """Run the product on a grey photo, (H, W, 1): its mean, two default results, true samples."""
    return Outputs(
        mean=colorizer.results(grey, Look(variety=0, saturation=1), 1, seed)[0],
        default=colorizer.results(grey, None, 2, seed),
        samples=colorizer.results(grey, Look(variety=1, saturation=1), samples, seed),
        confidence=colorizer.confidence(grey, seed),
    )


def compare(
    name: str,
    truth: Picture,
    grey: Picture,
    outputs: Outputs,
    statistics: ChromaStatistics,
    other: Picture,
) -> PhotoResult:
    """Score the outputs, and the colorizers that know nothing, against the truth."""
    source, reference = metrics.lab_of(np.repeat(grey, 3, axis=2)), metrics.lab_of(truth)
    lightness = source[0]
    foreign = borrowed(metrics.lab_of(other), (lightness.shape[0], lightness.shape[1]))
    pictures = {
        GREY: np.repeat(grey, 3, axis=2),
        "mean ab of training photos": _painted(lightness, statistics.constant(lightness)),
        PER_LIGHTNESS: _painted(lightness, statistics.per_lightness(lightness)),
        "another photo's chroma": _painted(lightness, foreign),
        MEAN: outputs.mean,
        DEFAULT: outputs.default[0],
        SAMPLE: outputs.samples[0],
    }
    samples = [metrics.lab_of(sample) for sample in outputs.samples]
    errors = [float(color.ciede2000(sample, reference).mean()) for sample in samples]
    default = [metrics.lab_of(result) for result in outputs.default]
    spread = outputs.confidence.spread

    def on_grid(plane: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(plane[None], (spread.shape[0], spread.shape[1]))[0]

    mean = metrics.lab_of(outputs.mean)
    return PhotoResult(
        name=name,
        truth_colourfulness=metrics.colourfulness(truth),
        scores={key: score(picture, truth, source) for key, picture in pictures.items()},
        best_of_samples=min(errors),
        sample_diversity=metrics.neighbour_difference(samples),
        default_diversity=metrics.neighbour_difference(default),
        cells=Cells(
            spread.flatten(),
            outputs.confidence.variance.flatten(),
            on_grid(mean[1:] - reference[1:]).square().sum(0).sqrt().flatten(),
            on_grid(color.ciede2000(default[0], reference)[None]).flatten(),
        ),
    )


def score(picture: Picture, truth: Picture, source: Tensor) -> Score:
    """Compare a picture with the truth, and its lightness with the source's Lab."""
    lab, reference = metrics.lab_of(picture), metrics.lab_of(truth)
    return Score(
        psnr=metrics.psnr(picture, truth),
        ciede2000=float(color.ciede2000(lab, reference).mean()),
        area=metrics.accuracy_area(metrics.chroma_error(lab, reference)),
        colourfulness=metrics.colourfulness(picture),
        moved=metrics.moved_lightness(lab, source),
    )


def _painted(lightness: Tensor, ab: Tensor) -> Picture:
    """Give lightness a chroma the way the product does."""
    picture: Picture = color.colored(lightness, ab.contiguous()).numpy()
    return picture
