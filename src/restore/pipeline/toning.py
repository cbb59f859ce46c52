"""Is a photo grey, toned, or already in colour?"""

from __future__ import annotations

import torch

from .. import color
from ..photo import Photo
from .overview import small_picture
from .workers import Workers

SHORT_SIDE = 64  #: at which a photo's colours are looked at
LEFT_OVER = 6.0  #: CIE units of a*, b*: more than a single tone leaves unexplained


def colour_notice(photo: Photo, workers: Workers) -> tuple[str, ...]:
    """Return a notice if the photo has more colours than one toning gives.

    Sepia, selenium or a yellowed print is a curve through Lab: its chroma follows from its
    lightness. So what a parabola in L* leaves of the chroma is colour.
    """
    height, width, channels = photo.pixels.shape
    if channels == 1:
        return ()
    scale = min(1.0, SHORT_SIDE / min(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    lightness, *ab = color.to_lab(small_picture(photo, size, workers)[0]).flatten(1).double()
    chroma = torch.stack(ab, dim=1)
    x = lightness / 100
    basis = torch.stack([torch.ones_like(x), x, x * x], dim=1)
    tone = torch.linalg.lstsq(basis, chroma, driver="gelsd").solution
    left = (chroma - basis @ tone).square().sum(1).mean().sqrt()
    if left <= LEFT_OVER:
        return ()
    return ("it has colours already: they are replaced, only its lightness is used",)
