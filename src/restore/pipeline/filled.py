"""How far samples differ in what they fill."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from .. import color, evidence
from ..masks import Mask
from .restored import Confidence

BLOCK = 1 << 16  #: filled pixels that are looked at at once


def doubt_of(answers: NDArray[np.float32], hole: Mask, error_per_spread: float) -> Confidence:
    """Measure how far samples scatter in the holes: their mean distance from their mean, in Lab.

    Args:
        answers: (samples, 3, n) sRGB, of the n pixels of the holes, row by row.
        hole: (H, W).
        error_per_spread: The backend's.
    """
    spreads, variances = [], []
    for start in range(0, answers.shape[2], BLOCK):
        some = torch.from_numpy(answers[:, :, None, start : start + BLOCK])
        lab = color.to_lab(some.clamp(0, 1))
        spreads.append(evidence.spread(lab)[0])
        variances.append(lab.var(dim=0).sum(dim=0)[0])
    spread, variance = torch.cat(spreads), torch.cat(variances)

    def render() -> evidence.Map:
        shown = no_doubt(hole.shape)
        sure = evidence.confidence(spread, error_per_spread)
        shown[hole] = sure.mul(255).round().to(torch.uint8).numpy()
        return shown

    return Confidence(
        draws=len(answers),
        error_per_spread=error_per_spread,
        spread=spread[None],
        variance=variance[None],
        guessed_share=evidence.guessed_share(spread, error_per_spread),
        render=render,
    )


def no_doubt(size: tuple[int, ...]) -> evidence.Map:
    """Return the map of what was not touched: white."""
    return np.full(size, 255, np.uint8)
