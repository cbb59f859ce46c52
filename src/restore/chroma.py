"""Bring chroma from a small grid to a photo's full size, guided by the photo's lightness.

Interpolated alone, colour would bleed over edges. Around each cell, chroma is therefore fitted
as a linear function of lightness (a guided filter), and each pixel moves from the interpolated
chroma by the fitted slope times the detail that the photo's lightness has beyond the grid. The
step bends towards a limit, so that a pixel stays among the colours around it: no halos.

Source: He, Sun and Tang 2013, "Guided Image Filtering", IEEE TPAMI 35(6) (the fit); the form
with a residual and its limit are ours, chosen on photographs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as nn
from torch import Tensor

from .resample import Resized, area_weights

_REGULAR = 5.0  # L*: where lightness varies less than this around a cell, it guides little
_LIMIT = 0.7  # of half the range of the colours around: how far detail may move a colour


def _around(maps: Tensor) -> Tensor:
    """Return the nine cells in and around each: (C, h, w) -> (9, C, h, w). Edges repeat."""
    height, width = maps.shape[1:]
    padded = nn.pad(maps[None], (1, 1, 1, 1), mode="replicate")[0]
    return torch.stack(
        [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    )


def _slopes(ab: Tensor, lightness: Tensor) -> Tensor:
    """Return how chroma changes with L* around each cell: (2, h, w)."""
    light = lightness[None]
    mean = _around(light).mean(0)
    spread = _around(light.square()).mean(0) - mean.square()
    together = _around(light * ab).mean(0) - mean * _around(ab).mean(0)
    return _around(together / (spread + _REGULAR**2)).mean(0)


class GuidedChroma:
    """Chroma on a grid, brought to a photo's size strip by strip."""

    def __init__(self, ab: Tensor, lightness: Tensor, size: tuple[int, int]) -> None:
        """Fit the grid.

        Args:
            ab: (2, h, w), CIE units.
            lightness: (h, w), L*: the average of the photo over each cell.
            size: (H, W) of the photo, larger or smaller than the grid.
        """
        ab, lightness = ab.float(), lightness.float()
        near = _around(ab)
        self._smooth = Resized(torch.cat([ab, _slopes(ab, lightness), lightness[None]]), size)
        self._range = Resized(torch.cat([near.amin(0), near.amax(0)]), size, area_weights)

    def rows(self, top: int, bottom: int, lightness: Tensor) -> Tensor:
        """Return the chroma of rows top .. bottom - 1.

        Args:
            top: First row.
            bottom: The row after the last.
            lightness: (bottom - top, W) float32, the photo's L* there.

        Returns:
            (2, bottom - top, W) float32, CIE units.
        """
        smooth, bounds = self._smooth.rows(top, bottom), self._range.rows(top, bottom)
        ab, slopes, low, high = smooth[:2], smooth[2:4], bounds[:2], bounds[2:]
        step = slopes.mul_(lightness - smooth[4])
        reach = (high - low).mul_(_LIMIT / 2).square_().sum(0).add_(1e-6)
        bend = step.square().sum(0).div_(reach).add_(1).rsqrt_()
        return torch.addcmul(ab, step, bend).clamp_(low, high)
