"""The fixed way to make photos small for enlarging."""

from __future__ import annotations

from torch.nn import functional as F

from ..metrics import Picture
from ..planes import picture_of, planes_of

SCALES = (2, 4)


def cropped(picture: Picture, scale: int) -> Picture:
    """Cut off what of the bottom and of the right a scale does not divide."""
    height, width = picture.shape[:2]
    return picture[: height // scale * scale, : width // scale * scale]


def reduced(picture: Picture, scale: int) -> Picture:
    """Make a picture, whose sides a scale divides, so many times smaller, rounded to 8 bits.

    By a cubic that is as wide as the scale asks for, so that nothing aliases.
    """
    height, width = picture.shape[:2]
    size = (height // scale, width // scale)
    small = F.interpolate(planes_of(picture), size=size, mode="bicubic", antialias=True)
    return picture_of(small)
