"""Pixels that are lost: dead or stuck ones, dust, errors of transmission."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .strengths import Strength, per_picture


def salt_and_pepper(
    picture: Tensor, share: Strength, random: np.random.Generator, per_channel: bool = False
) -> Tensor:
    """Make some pixels black and as many white.

    Args:
        picture: (N, C, H, W).
        share: Of the pixels, 0 to 1, that are lost, each with the same chance.
        random: Draws which.
        per_channel: Whether each channel loses its own pixels; else a pixel is lost whole.

    Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, section 5.2 (bipolar
    impulses).
    """
    n, channels, height, width = picture.shape
    planes = channels if per_channel else 1
    drawn = torch.from_numpy(random.random((n, planes, height, width), np.float32))
    half = per_picture(share, picture) / 2
    return picture.masked_fill(drawn < half, 0).masked_fill(drawn >= 1 - half, 1)
