"""What anybody has already: OpenCV's filters and its two ways to fill, Pillow's to enlarge.

Each is tried at every setting of a grid, and the best setting for all photos together counts:
more than a user can do, who has no truth to choose by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from PIL import Image

from ..denoising import classical
from ..denoising.classical import Filter, NonLocalMeans
from ..metrics import Picture
from .holes import Mask


@dataclass(frozen=True)
class Gaussian:
    """`GaussianBlur`."""

    sigma: float  #: pixels

    method: ClassVar[str] = "Gaussian"

    def __call__(self, picture: Picture) -> Picture:
        import cv2

        return cv2.GaussianBlur(picture, (0, 0), self.sigma).astype(np.uint8, copy=False)

    def __str__(self) -> str:
        return f"sigma {self.sigma:g}"


@dataclass(frozen=True)
class Sharpened:
    """Non-local means, then unsharp masking: the noise goes first, or it would grow."""

    means: NonLocalMeans
    sigma: float  #: of the mask, pixels
    amount: float  #: of what the mask takes away that is added

    method: ClassVar[str] = "non-local means, then unsharp masking"

    def __call__(self, picture: Picture) -> Picture:
        return self.after(self.means(picture))

    def after(self, cleaned: Picture) -> Picture:
        """Sharpen what non-local means left."""
        import cv2

        smooth = cleaned.astype(np.float32)
        blurred = cv2.GaussianBlur(smooth, (0, 0), self.sigma)
        sharp = smooth + self.amount * (smooth - blurred)
        return np.asarray(sharp.round().clip(0, 255).astype(np.uint8))

    def __str__(self) -> str:
        return f"{self.means}, sigma {self.sigma:g}, amount {self.amount:g}"


@dataclass(frozen=True)
class Filling:
    """What `inpaint` has in common."""

    radius: int  #: of the neighbourhood of a pixel that is filled, pixels

    method: ClassVar[str]
    flag: ClassVar[str]

    def __call__(self, picture: Picture, mask: Mask) -> Picture:
        import cv2

        filled = cv2.inpaint(picture, mask.astype(np.uint8), self.radius, getattr(cv2, self.flag))
        return filled.astype(np.uint8, copy=False)

    def __str__(self) -> str:
        return f"radius {self.radius}"


class Telea(Filling):
    """Source: Telea 2004, "An Image Inpainting Technique Based on the Fast Marching Method"."""

    method = "Telea"
    flag = "INPAINT_TELEA"


class NavierStokes(Filling):
    """Source: Bertalmio, Bertozzi and Sapiro 2001, "Navier-Stokes, Fluid Dynamics, and Image
    and Video Inpainting", CVPR.
    """

    method = "Navier-Stokes"
    flag = "INPAINT_NS"


@dataclass(frozen=True)
class Enlarging:
    """Pillow's `resize`."""

    method: str
    kernel: Image.Resampling

    def __call__(self, picture: Picture, scale: int) -> Picture:
        image = Image.fromarray(picture)
        size = (scale * image.width, scale * image.height)
        return np.array(image.resize(size, self.kernel))


SIGMAS = (0.4, 0.6, 0.8, 1, 1.3, 1.7)
STRENGTHS = (2, 3, 4, 6, 8, 10, 13, 17)
MASKS = (1, 1.5, 2, 3)
AMOUNTS = (0.25, 0.5, 1, 1.5)
RADII = (1, 2, 3, 5, 8, 12, 18)

GAUSSIANS: tuple[Filter, ...] = tuple(Gaussian(sigma) for sigma in SIGMAS)
SHARPENED: tuple[Filter, ...] = tuple(
    Sharpened(NonLocalMeans(h, h), sigma, amount)
    for h in STRENGTHS
    for sigma in MASKS
    for amount in AMOUNTS
)
GRID = classical.GRID + GAUSSIANS + SHARPENED
FILLINGS: tuple[Filling, ...] = tuple(
    way(radius) for way in (Telea, NavierStokes) for radius in RADII
)
ENLARGINGS = (
    Enlarging("bicubic", Image.Resampling.BICUBIC),
    Enlarging("Lanczos", Image.Resampling.LANCZOS),
)


def applied(tried: Sequence[Filter], picture: Picture) -> Iterator[tuple[Filter, Picture]]:
    """Apply filters to a picture; non-local means, which take their time, once each."""

    @cache
    def cleaned(means: NonLocalMeans) -> Picture:
        return means(picture)

    for filter_ in tried:
        if isinstance(filter_, Sharpened):
            yield filter_, filter_.after(cleaned(filter_.means))
        elif isinstance(filter_, NonLocalMeans):
            yield filter_, cleaned(filter_)
        else:
            yield filter_, filter_(picture)


def described() -> str:
    """Say in a sentence what was tried to restore besides the denoisers of `classical`."""
    return (
        f"Gaussian: sigma {_all(SIGMAS)}; non-local means of h = colour {_all(STRENGTHS)}, "
        f"then unsharp masking: sigma {_all(MASKS)}, amount {_all(AMOUNTS)}."
    )


def _all(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
