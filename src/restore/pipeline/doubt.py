"""How far samples of a picture, or of what is filled in it, differ."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from .. import color, evidence
from ..masks import Mask
from .restored import Confidence


def doubt_of(
    pieces: Iterable[Tensor], where: Mask, error_per_spread: float, more: Tensor | None = None
) -> Confidence:
    """Measure how far samples scatter: their mean distance from their mean, in Lab.

    Args:
        pieces: (samples, 3, n) sRGB, one after another, of the pixels in question, row by row.
        where: (H, W), which pixels those are.
        error_per_spread: The backend's.
        more: (pixels,), the error to expect of each beside that; None: none.
    """
    spreads, variances = [], []
    for some in pieces:
        draws = len(some)
        lab = color.to_lab(some[:, :, None].clamp(0, 1))
        spreads.append(evidence.spread(lab)[0])
        variances.append(lab.var(dim=0).sum(dim=0)[0])
    spread, variance = torch.cat(spreads), torch.cat(variances)

    error = spread * error_per_spread if more is None else spread * error_per_spread + more

    def render() -> evidence.Map:
        shown = no_doubt(where.shape)
        sure = evidence.confidence(error)
        shown[where] = sure.mul(255).round().to(torch.uint8).numpy()
        return shown

    return Confidence(
        draws=draws,
        error_per_spread=error_per_spread,
        spread=spread[None],
        variance=variance[None],
        guessed_share=evidence.guessed_share(error),
        render=render,
    )


def no_doubt(size: tuple[int, ...]) -> evidence.Map:
    """Return the map of what was not touched: white."""
    return np.full(size, 255, np.uint8)
