"""Blotches of colour, which demosaicing, smoothing and compressing make of noise."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .correlated import correlated
from .luma import WEIGHTS
from .strengths import Strength, per_picture

_RED, _GREEN, _BLUE = WEIGHTS
_FROM_CHROMA = (
    (0, 2 * (1 - _RED)),
    (-2 * _BLUE * (1 - _BLUE) / _GREEN, -2 * _RED * (1 - _RED) / _GREEN),
    (2 * (1 - _BLUE), 0),
)
"""What one unit of Cb and of Cr adds to red, green and blue: no luma."""


def chroma_noise(
    picture: Tensor, sigma: Strength, size: Strength, random: np.random.Generator
) -> Tensor:
    """Add noise to a picture's colour and none to its luma; nothing is clipped.

    Cb and Cr get independent noise, blurred into blotches: in finished photographs the noise
    that is left is coarse and mostly colour, as cameras smooth colour least carefully.

    Args:
        picture: (N, 3, H, W), sRGB.
        sigma: The noise's deviation in Cb and in Cr, whose range has a length of 1; red's is
            1.40 times, green's 0.79 times, blue's 1.77 times as much.
        size: The blotches' size in pixels, above 0; see `correlated`.
        random: Draws the noise.

    Sources: ITU-T T.871 (JFIF), section 7, for Cb and Cr; Lebrun, Colom and Morel 2015,
    "Multiscale Image Blind Denoising", IEEE TIP 24(10), for noise that is coarse and coloured.
    """
    n, _, height, width = picture.shape
    sizes = per_picture(size, picture).flatten()
    noise = correlated((n, 2, height, width), sizes, random) * per_picture(sigma, picture)
    return picture + torch.einsum("rc,nchw->nrhw", picture.new_tensor(_FROM_CHROMA), noise)
