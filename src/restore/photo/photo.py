"""What a photo is, between reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..color import SRGB, RgbSpace
from ..files import Format

Pixels = NDArray[Any]
"""(H, W, C) or (H, W), uint8 or uint16."""


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright picture in the file's own integers, and what must be given back."""

    pixels: Pixels  #: (H, W, C); C is 1 (grey) or 3 (RGB)
    format: Format
    alpha: Pixels | None = None  #: (H, W), of the same type
    space: RgbSpace = SRGB  #: what the integers mean; grey is R = G = B in it
    profile: bytes | None = None  #: ICC profile of `space`; None if the file had none
    exif: bytes | None = None  #: as a TIFF structure; says upright, holds no thumbnail
    xmp: bytes | None = None  #: the packet; says upright
    dpi: tuple[float, float] | None = None  #: (across, down)
    lossless: bool = True  #: of WebP, which can be both
    compression: int = 8  #: of TIFF, its own number; 8 is deflate
    converted: bool = False  #: the pixels are no longer the file's own, but near to them
    page: int = 0
    pages: int = 1  #: more are refused until they are supported
    notices: tuple[str, ...] = ()  #: what the user should know about the reading
