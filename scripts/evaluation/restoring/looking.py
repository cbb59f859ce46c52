"""Crops at their own size, side by side, where the mean of the samples is worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..denoising.sheet import SIDE, Row, drawn, farthest
from ..denoising.tables import Table
from ..metrics import Picture

COLUMNS = ("input", "one sample", "mean of samples", "best classical", "truth", "autoencoder")


@dataclass(frozen=True)
class View:
    """One photo's pictures, all of one size, in the order of `COLUMNS`; the last may be absent."""

    name: str
    pictures: Sequence[Picture]

    def row(self) -> Row:
        """Cut where the mean is farthest from the truth."""
        mean, truth = self.pictures[2], self.pictures[4]
        error = ((mean.astype(np.float64) - truth) ** 2).sum(2)
        top, left = farthest(error)
        crops = [picture[top : top + SIDE, left : left + SIDE] for picture in self.pictures]
        return Row(f"{self.name}, at {left},{top}", crops)


@dataclass(frozen=True)
class Found:
    """What one part of the evaluation found, and what there is to look at."""

    table: Table
    views: Callable[[], list[View]]  #: only made if somebody looks


def sheet(views: Sequence[View]) -> Image.Image:
    """Draw one row for each photo."""
    return drawn([view.row() for view in views], COLUMNS)
