"""The grain of film: the same in all colours, and strongest in mid-tones."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from .correlated import correlated
from .luma import luma_of
from .strengths import Strength, per_picture

FLOOR = 0.3  #: the deviation of grain in black and in white, against that at a luma of 0.5


def film_grain(
    picture: Tensor, sigma: Strength, size: Strength, random: np.random.Generator
) -> Tensor:
    """Add grain to a picture; nothing is clipped.

    A tone is the share y of film that grains cover. Each place is covered or not, so the
    variance is y (1 - y): most where either is as likely, none in bare or solid film. The
    deviation added here has that shape to within 0.1 from a luma of 0.02 to one of 0.98, and
    a floor beyond, as no print or scan is without grain of its own.

    Args:
        picture: (N, 3, H, W), sRGB.
        sigma: The grain's deviation where luma y is 0.5; elsewhere it is
            `FLOOR + (1 - FLOOR) * 4 y (1 - y)` times that.
        size: The grain's size in pixels, above 0, 0.5 to 1.5 for a scan; see `correlated`.
        random: Draws the grain.

    Source: Newson, Delon and Galerne 2017, "A Stochastic Film Grain Model for
    Resolution-Independent Rendering", Computer Graphics Forum 36(8): the Boolean model,
    of which this keeps the mean, the variance by tone and a correlation.
    """
    n, _, height, width = picture.shape
    luma = luma_of(picture).clamp_(0, 1)
    amplitude = FLOOR + (1 - FLOOR) * 4 * luma * (1 - luma)
    sizes = per_picture(size, picture).flatten()
    grain = correlated((n, 1, height, width), sizes, random)
    return picture + grain * amplitude * per_picture(sigma, picture)
