"""Noise whose neighbours resemble each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .gaussian import white

_REACH = 3  # deviations at which the Gaussian is cut: 1% of its height


def correlated(shape: Sequence[int], size: Tensor, random: np.random.Generator) -> Tensor:
    """Draw white noise, blur it, and make its deviation 1 again.

    The noise is drawn beyond the borders as far as the blur reaches, so that it is the same
    kind of noise everywhere. A kernel whose squares sum to 1 keeps the variance: no picture
    is scaled by what happened to be drawn.

    Args:
        shape: (N, C, H, W).
        size: (N,), the blur's deviation in pixels, above 0. Values at a distance of d pixels
            have a correlation of exp(-(d / (2 * size))^2), if `size` is not far below 1.
        random: Draws the noise.
    """
    n, channels, height, width = shape
    reach = math.ceil(_REACH * float(size.max()))
    distance = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (distance / size.float()[:, None]) ** 2)
    kernel = (kernel / kernel.norm(dim=1, keepdim=True)).repeat_interleave(channels, 0)
    drawn = white((1, n * channels, height + 2 * reach, width + 2 * reach), random)
    rows = F.conv2d(drawn, kernel[:, None, :, None], groups=n * channels)
    return F.conv2d(rows, kernel[:, None, None, :], groups=n * channels).view(*shape)
