"""A camera with a Bayer sensor: from light to an sRGB picture, with the noise on its way.

A demosaicing filter and a tone curve give the sensor's white noise its colour, its correlation
and its dependence on brightness; adding noise to the finished picture gives none of these.

Sources: Bayer 1976, US patent 3,971,065 (the mosaic); Malvar, He and Cutler 2004, "High-Quality
Linear Interpolation for Demosaicing of Bayer-Patterned Color Images", ICASSP; Brooks et al.
2019, "Unprocessing Images for Learned Raw Denoising", CVPR (undoing a camera to redo it).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore.color import from_linear, to_linear

from .sensor import shot_and_read
from .strengths import Strength, per_picture
from .toning import flattened, steepened


def mosaic(rgb: Tensor) -> Tensor:
    """Keep the one colour that each pixel of an RGGB sensor sees: (N, 1, H, W).

    Raises:
        ValueError: If a side of the (N, 3, H, W) picture is odd.
    """
    if rgb.shape[-1] % 2 or rgb.shape[-2] % 2:
        raise ValueError(f"a mosaic has even sides, not {rgb.shape[-2]}x{rgb.shape[-1]}")
    raw = rgb[:, 1:2].clone()
    raw[..., 0::2, 0::2] = rgb[:, 0:1, 0::2, 0::2]
    raw[..., 1::2, 1::2] = rgb[:, 2:3, 1::2, 1::2]
    return raw


def _bank(across: Tensor, green: Tensor, diagonal: Tensor) -> Tensor:
    """Return one convolution of stride 2 that fills in all colours of a cell: (12, 1, 6, 6).

    Args:
        across: (5, 5), red or blue at green, from its left and right.
        green: (5, 5), green at red or blue.
        diagonal: (5, 5), red at blue, or blue at red.
    """
    own = torch.zeros(5, 5)
    own[2, 2] = 1
    cells = (
        ((own, across), (across.T, diagonal)),
        ((green, own), (own, green)),
        ((diagonal, across.T), (across, own)),
    )
    bank = torch.zeros(3, 2, 2, 6, 6)
    for channel, rows in enumerate(cells):
        for y, row in enumerate(rows):
            for x, kernel in enumerate(row):
                bank[channel, y, x, y : y + 5, x : x + 5] = kernel
    return bank.view(12, 1, 6, 6)


_MALVAR = _bank(
    across=torch.tensor(
        [
            [0, 0, 0.5, 0, 0],
            [0, -1, 0, -1, 0],
            [-1, 4, 5, 4, -1],
            [0, -1, 0, -1, 0],
            [0, 0, 0.5, 0, 0],
        ]
    )
    / 8,
    green=torch.tensor(
        [
            [0.0, 0, -1, 0, 0],
            [0, 0, 2, 0, 0],
            [-1, 2, 4, 2, -1],
            [0, 0, 2, 0, 0],
            [0, 0, -1, 0, 0],
        ]
    )
    / 8,
    diagonal=torch.tensor(
        [
            [0, 0, -1.5, 0, 0],
            [0, 2, 0, 2, 0],
            [-1.5, 0, 6, 0, -1.5],
            [0, 2, 0, 2, 0],
            [0, 0, -1.5, 0, 0],
        ]
    )
    / 8,
)


def _centred(kernel: list[list[float]]) -> Tensor:
    return F.pad(torch.tensor(kernel), (1, 1, 1, 1))


_BILINEAR = _bank(
    across=_centred([[0, 0, 0], [0.5, 0, 0.5], [0, 0, 0]]),
    green=_centred([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]]),
    diagonal=_centred([[0.25, 0, 0.25], [0, 0, 0], [0.25, 0, 0.25]]),
)


def _filled_in(raw: Tensor, bank: Tensor) -> Tensor:
    # Reflection without the border pixel itself: colours go on alternating.
    around = F.pad(raw, (2, 2, 2, 2), mode="reflect")
    return F.pixel_shuffle(F.conv2d(around, bank, stride=2), 2)


def malvar(raw: Tensor) -> Tensor:
    """Demosaic RGGB (N, 1, H, W) by gradient-corrected interpolation: (N, 3, H, W).

    Linear, so nothing is clipped; exact where the picture is linear in x and y. Sides are even
    and at least 4.

    Source: Malvar, He and Cutler 2004, figure 2.
    """
    return _filled_in(raw, _MALVAR)


def bilinear(raw: Tensor) -> Tensor:
    """Demosaic RGGB (N, 1, H, W) by averaging neighbours of a colour: (N, 3, H, W).

    Sides are even and at least 4.
    """
    return _filled_in(raw, _BILINEAR)


def photographed(
    picture: Tensor,
    gain: Strength,
    read: Strength,
    random: np.random.Generator,
    *,
    balance: Tensor | None = None,
    demosaic: Callable[[Tensor], Tensor] = malvar,
    contrast: Strength | None = None,
) -> Tensor:
    """Photograph a picture: it comes back as the camera would save it, clipped, in floats.

    What the camera applies after the sensor is undone before it, so that without noise a smooth
    picture comes back as it was, and noise is stretched as the picture is.

    Args:
        picture: (N, 3, H, W), sRGB in [0, 1]; sides even and at least 4.
        gain: See `shot_and_read`, as `read`.
        random: Draws the noise.
        balance: (N, 3), at least 1: what each channel is multiplied by to make grey grey.
            The sensor sees that much less of it. None: 1.
        demosaic: From (N, 1, H, W) RGGB to (N, 3, H, W).
        contrast: Of the camera's tone curve beyond sRGB's; see `steepened`. None: 0.

    Raises:
        ValueError: If a side is odd.
    """
    raw = mosaic(picture)  # first: what follows is by pixel, and a third of the work on it
    if contrast is not None:
        contrast = per_picture(contrast, picture)
        raw = flattened(raw, contrast)
    light = to_linear(raw)
    if balance is not None:
        light = light / mosaic(balance[:, :, None, None].expand_as(picture))
    developed = demosaic(shot_and_read(light, gain, read, random).clamp_(0, 1))
    if balance is not None:
        developed = developed * balance[:, :, None, None]
    saved = from_linear(developed.clamp(0, 1))
    return saved if contrast is None else steepened(saved, contrast)
