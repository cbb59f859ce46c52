"""White normal noise: the same everywhere, independent from pixel to pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .strengths import Strength, per_picture


def white(shape: Sequence[int], random: np.random.Generator) -> Tensor:
    """Draw independent standard normal values."""
    return torch.from_numpy(random.standard_normal(tuple(shape), np.float32))


def gaussian(picture: Tensor, sigma: Strength, random: np.random.Generator) -> Tensor:
    """Add white noise to a picture, as the benchmarks of denoising do; nothing is clipped.

    Args:
        picture: (N, C, H, W).
        sigma: The noise's deviation, where 1 is white: 25 levels of 8 bits are 25 / 255.
        random: Draws the noise.

    Source: Zhang et al. 2017, "Beyond a Gaussian Denoiser" (DnCNN), IEEE TIP 26(7).
    """
    return white(picture.shape, random).mul_(per_picture(sigma, picture)).add_(picture)
