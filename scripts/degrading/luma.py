"""Luma, the weighted sum of encoded RGB that files keep sharper than colour."""

from __future__ import annotations

import torch
from torch import Tensor

WEIGHTS = (0.299, 0.587, 0.114)
"""Red's, green's and blue's share; sum 1. Source: ITU-R BT.601-7, section 2.5.1."""


def luma_of(picture: Tensor) -> Tensor:
    """Return the luma of an (N, 3, H, W) picture: (N, 1, H, W)."""
    return torch.einsum("c,nchw->nhw", picture.new_tensor(WEIGHTS), picture)[:, None]
