"""The noise of light and of electronics, in a sensor's own linear values."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from .gaussian import white
from .strengths import Strength, per_picture


def shot_and_read(
    light: Tensor, gain: Strength, read: Strength, random: np.random.Generator
) -> Tensor:
    """Add shot and read noise to what a sensor sees; nothing is clipped.

    Photons arrive at random, so the variance of their count is their mean: `gain * light` after
    amplification. Reading adds `read**2` everywhere. Both are drawn from a normal distribution,
    which a Poisson count of more than some ten photons is close to.

    Args:
        light: (N, C, H, W), linear, 1 where the sensor saturates.
        gain: Shot noise's variance at a light of 1: one over the photons that saturate a pixel.
        read: Read noise's deviation, where 1 is saturation.
        random: Draws the noise.

    Source: Foi, Trimeche, Katkovnik and Egiazarian 2008, "Practical Poissonian-Gaussian Noise
    Modeling and Fitting for Single-Image Raw-Data", IEEE TIP 17(10), section II.
    """
    variance = light.clamp_min(0) * per_picture(gain, light) + per_picture(read, light).square()
    return white(light.shape, random).mul_(variance.sqrt_()).add_(light)
