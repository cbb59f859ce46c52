"""Holes filled smoothly from their surroundings: where a chain that fills them begins."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def prefilled(picture: Tensor, mask: Tensor) -> Tensor:
    """Fill the holes of a picture with what lies around them, farther for the middle of wide ones.

    What is known is averaged over 2 x 2 pixels again and again until nothing is unknown; back
    down, every hole takes the values of the next coarser picture, and is smoothed once.

    Args:
        picture: (N, C, H, W); what it holds in the holes has no influence.
        mask: (N, 1, H, W), 1 in the holes and 0 elsewhere.

    Returns:
        (N, C, H, W), unchanged outside the holes. A picture that is all hole becomes 0.5.

    Source: push and pull, Gortler et al. 1996, "The Lumigraph", section 3.4.
    """
    known = 1 - mask
    # Chosen, not only multiplied: what is no number stays none when it is multiplied by zero.
    return _pulled(torch.where(known > 0, picture * known, torch.zeros_like(picture)), known)


def _pulled(sums: Tensor, known: Tensor) -> Tensor:
    """Divide sums by how much is known; take what is not known at all from half the size.

    Args:
        sums: (N, C, H, W), values times `known`.
        known: (N, 1, H, W), from 0 to 1.
    """
    values = sums / known.clamp_min(1e-6)
    if max(known.shape[-2:]) == 1:
        return torch.where(known > 0, values, torch.full_like(values, 0.5))
    if bool((known > 0).all()):
        return values
    height, width = known.shape[-2:]
    even = (0, width % 2, 0, height % 2)
    smaller = [F.avg_pool2d(F.pad(planes, even), 2) for planes in (sums, known)]
    # More than nothing counts as all: else what is known far away would outweigh what is near.
    share = smaller[1].clamp_min(1e-6)
    coarse = _pulled(smaller[0] / share * (smaller[1] > 0), (smaller[1] > 0).to(known.dtype))
    fine = F.interpolate(coarse, scale_factor=2, mode="bilinear")[..., :height, :width]
    return torch.where(known > 0, values, fine)
