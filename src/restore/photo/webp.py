"""WebP: its chunks by hand, its picture by imagecodecs; written by Pillow.

Source: RFC 9649, sections 2 and 3.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np

from . import exif
from .decoded import Decoded, check_size, damage_refused, refuse_pages
from .photo import Photo, Pixels


def decode(data: bytes, max_pixels: int) -> Decoded:
    """Read a WebP, lossy or lossless.

    Raises:
        InputError: If it is damaged, cut short, too large or animated.
    """
    with damage_refused("WebP"):
        chunks = dict(reversed(list(_chunks(data))))
        width, height = _size(chunks)
        frames = sum(kind == b"ANMF" for kind, _ in _chunks(data))
    check_size(width, height, max_pixels)
    refuse_pages(frames, "animations")
    with damage_refused("WebP"):
        samples = imagecodecs.webp_decode(data)
    decoded = Decoded(samples, lossless=b"VP8L" in chunks)
    if samples.shape[2] == 4:
        decoded.samples = np.ascontiguousarray(samples[:, :, :3])
        decoded.alpha = np.ascontiguousarray(samples[:, :, 3])
    decoded.profile = chunks.get(b"ICCP")
    decoded.xmp = chunks.get(b"XMP ")
    if b"EXIF" in chunks:
        exif.take(decoded, chunks[b"EXIF"])
    return decoded


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's kind and body."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    """Return width and height as the headers say."""
    if b"VP8X" in chunks:
        body = chunks[b"VP8X"]
        across, down = (int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
        return across + 1, down + 1
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<xI", chunks[b"VP8L"])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<6xHH", chunks[b"VP8 "])
    return width & 0x3FFF, height & 0x3FFF


def encode(photo: Photo, pixels: Pixels, quality: int, xmp: bytes | None) -> bytes:
    """Write (H, W, 1 or 3) uint8 as WebP, lossless if the photo was, with its alpha."""
    from PIL import Image  # imagecodecs does not keep the colour of transparent pixels

    samples = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    if photo.alpha is not None:
        samples = np.dstack([samples, photo.alpha])
    stream = io.BytesIO()
    Image.fromarray(samples).save(
        stream,
        "WEBP",
        lossless=photo.lossless,
        quality=80 if photo.lossless else quality,  # lossless: effort, not quality
        method=4,
        exact=True,
        icc_profile=photo.profile,
        exif=photo.exif or b"",
        xmp=xmp or b"",
    )
    return stream.getvalue()
