"""Write a photo's result with all that the photo carried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import OutputError
from ..files import FORMATS, Format
from .photo import Photo, Pixels

_LARGEST = {"JPEG": 65500, "WEBP": 16383, "PNG": 1_000_000}  # pixels on a side, of the encoders
JPEG_SEGMENT = 65504  #: bytes of EXIF or XMP that one segment of a JPEG holds


def format_of(output: Path | None, photo: Photo, *, lossless: bool = False) -> Format:
    """Return the format that an output's name asks for; without a known suffix, the photo's.

    Args:
        output: None: standard output.
        photo: What came.
        lossless: PNG instead of the photo's, if that loses something.
    """
    lossy = photo.format == "JPEG" or not photo.lossless
    own: Format = "PNG" if lossless and lossy else photo.format
    return own if output is None else FORMATS.get(output.suffix.lower(), own)


def fitting(photo: Photo, format_: Format) -> Photo:
    """Return what a format can hold of a photo; notices say what it cannot.

    The pixels stay what they were: `encode` brings a result to 8 bits.
    """
    if format_ == photo.format:
        return photo
    notices = list(photo.notices)
    alpha, exif = photo.alpha, photo.exif
    if format_ in ("JPEG", "WEBP") and photo.pixels.dtype == np.uint16:
        notices.append(f"{format_} holds 8 bits: the photo has 16")
        alpha = None if alpha is None else _narrow(alpha)
    if format_ == "JPEG" and alpha is not None:
        alpha = None
        notices.append("JPEG holds no transparency: it is left out")
    if format_ == "JPEG" and exif is not None and len(exif) > JPEG_SEGMENT:
        exif = None
        notices.append("JPEG does not hold EXIF data of this length: they are left out")
    lossless = photo.format != "JPEG"
    return replace(
        photo, format=format_, alpha=alpha, exif=exif, lossless=lossless, notices=tuple(notices)
    )


def encode(photo: Photo, pixels: Pixels, *, quality: int = 95, xmp: bytes | None = None) -> bytes:
    """Return a result as a file in the photo's format; the same input gives the same bytes.

    Args:
        photo: Gives back alpha, profile, EXIF, DPI and compression. See `fitting`.
        pixels: (H, W, 1 or 3), upright, of the photo's type, and of its size if it has alpha.
        quality: Of JPEG and lossy WebP, 1 to 100.
        xmp: The packet to embed, in place of the photo's own. None: the photo's own.

    Raises:
        OutputError: If the format cannot hold a picture of this size or so long an XMP packet.
    """
    pixels = np.ascontiguousarray(pixels)
    xmp = photo.xmp if xmp is None else xmp
    check_format(photo.format, *pixels.shape[:2])
    if photo.format == "JPEG" and xmp is not None and len(xmp) > JPEG_SEGMENT:
        raise OutputError(
            f"JPEG holds at most {JPEG_SEGMENT} bytes of XMP", hint="write PNG or TIFF with -o"
        )
    # Each format's libraries are imported when a photo needs them.
    if photo.format == "JPEG":
        from . import jpeg

        return jpeg.encode(photo, _narrow(pixels), quality, xmp)
    if photo.format == "WEBP":
        from . import webp

        return webp.encode(photo, _narrow(pixels), quality, xmp)
    if photo.format == "PNG":
        from . import png

        return png.encode(photo, pixels, xmp)
    from . import tiff

    return tiff.encode(photo, pixels, xmp)


def check_format(format_: Format, height: int, width: int) -> None:
    """Refuse a result that its format cannot hold; known before it is made.

    Raises:
        OutputError: If a side is too long.
    """
    largest = _LARGEST.get(format_)
    if largest is not None and max(height, width) > largest:
        raise OutputError(
            f"{format_} holds at most {largest} pixels a side, the result is {width} x {height}",
            hint="write TIFF with -o FILE.tif" if format_ == "PNG" else "write PNG or TIFF with -o",
        )


def encode_map(plane: Pixels) -> bytes:
    """Return a map, (H, W) grey or (H, W, 1 or 3), as PNG."""
    pixels = plane[:, :, None] if plane.ndim == 2 else plane
    return encode(Photo(pixels, "PNG"), pixels)


def _narrow(pixels: Pixels) -> Pixels:
    """Return uint8, rounded from uint16 if need be, row by row."""
    if pixels.dtype == np.uint8:
        return pixels
    narrow = np.empty(pixels.shape, np.uint8)
    for row, out in zip(pixels, narrow, strict=True):
        out[:] = (row.astype(np.uint32) + 128) // 257
    return narrow
