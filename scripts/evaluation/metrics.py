"""How far a colorized photograph is from the one whose colour was taken away.

Pictures are 8-bit sRGB arrays, (H, W, 3); Lab is float32 tensors, (3, H, W).
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from restore import color

Picture = NDArray[np.uint8]

LARGEST_ERROR = 150  #: CIE units: where Zhang et al. end their curve
ONE_LEVEL = 100 / 255  #: of L*: what an 8-bit step is worth, and all that lightness may move


def lab_of(picture: Picture) -> Tensor:
    """Convert a picture to Lab."""
    return color.to_lab(torch.from_numpy(picture).permute(2, 0, 1).float() / 255)


def grey_of(picture: Picture) -> Picture:
    """Return the grey picture, (H, W, 1), of the same L* to the nearest 8-bit level."""
    lightness = lab_of(picture)[0]
    lab = torch.stack([lightness, torch.zeros_like(lightness), torch.zeros_like(lightness)])
    level = color.from_lab(lab)[1:2].clamp(0, 1).mul(255).round()
    return level.to(torch.uint8).permute(1, 2, 0).numpy()


def psnr(picture: Picture, truth: Picture) -> float:
    """Return the peak signal to noise ratio over all pixels and channels, in dB."""
    error = np.mean((picture.astype(np.float64) - truth) ** 2)
    return math.inf if error == 0 else float(10 * np.log10(255**2 / error))


def chroma_error(lab: Tensor, truth: Tensor) -> Tensor:
    """Return the distance in the ab plane at every pixel: (H, W)."""
    return (lab[1:] - truth[1:]).square().sum(0).sqrt()


def accuracy_area(error: Tensor) -> float:
    """Return the area under the curve of pixels within 0 to 150 units of ab error, in percent.

    "AuC" of Zhang et al., "Colorful Image Colorization", arXiv:1603.08511, section 3.1.
    """
    # A pixel is under the curve from its error on: the curve's area is the mean of what is left.
    return 100 * float((1 - error.double() / LARGEST_ERROR).clamp_min(0).mean())


def colourfulness(picture: Picture) -> float:
    """Return the colourfulness M3 of Hasler and Suesstrunk, "Measuring Colourfulness" (2003)."""
    red, green, blue = picture.astype(np.float64).transpose(2, 0, 1)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = math.hypot(red_green.std(), yellow_blue.std())
    return spread + 0.3 * math.hypot(red_green.mean(), yellow_blue.mean())


def moved_lightness(lab: Tensor, source: Tensor) -> int:
    """Count the pixels whose L* is more than one 8-bit level from the source's."""
    return int(((lab[0] - source[0]).abs() > ONE_LEVEL).sum())


def neighbour_difference(labs: list[Tensor]) -> float:
    """Return the mean CIEDE2000 between each sample and the next: how much seeds differ.

    The mean over all pairs has the same expectation and costs several times as much.
    """
    pairs = pairwise(labs)
    return float(np.mean([float(color.ciede2000(one, other).mean()) for one, other in pairs]))
