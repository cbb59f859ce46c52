"""The fixed chain for blind restoration: soft, resampled, noisy, compressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from degrading import codecs
from degrading.chain import smoothed
from degrading.resampling import resampled
from degrading.sensor import shot_and_read

from ..metrics import Picture
from ..planes import picture_of, planes_of


@dataclass(frozen=True)
class Wear:
    """What one photo goes through, in this order."""

    blur: float  #: deviation of a Gaussian, pixels
    factor: float  #: of the sides, made smaller and as large as before by a cubic
    noise: float  #: deviation at mid-grey, 8-bit levels
    light: float  #: share of that noise's variance that grows with brightness
    quality: int  #: of a JPEG, 4:2:0

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Wear:
        return cls(
            blur=float(random.uniform(0.6, 1.6)),
            factor=float(random.uniform(0.6, 1)),
            noise=float(random.uniform(5, 25)),
            light=float(random.uniform(0, 1)),
            quality=int(random.integers(40, 86)),
        )


def worn(clean: Picture, seed: int) -> Picture:
    """Degrade a picture; `seed` draws how, and then the noise.

    The noise is Poisson's, approached by a normal one, and Gaussian: of variance
    noise^2 (light 2 v + 1 - light) where the value is v, on the photo's own sRGB values.
    """
    random = np.random.default_rng(seed)
    wear = Wear.drawn(random)
    soft = smoothed(planes_of(clean), torch.tensor([wear.blur], dtype=torch.float32))
    small = resampled(soft, wear.factor, "bicubic").clamp(0, 1)
    deviation = wear.noise / 255
    gain, read = 2 * wear.light * deviation**2, (1 - wear.light) ** 0.5 * deviation
    noisy = shot_and_read(small, gain, read, random)
    return picture_of(codecs.jpeg(noisy, [wear.quality], "4:2:0"))
