"""PNG: its chunks by hand, its picture by imagecodecs, which keeps 16 bits.

Source: PNG specification, third edition (W3C 2025), section 11; XMP specification part 3,
section 1.1.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np

from . import exif
from .decoded import Decoded, check_size, damage_noted, damage_refused, refuse_pages
from .photo import Photo, Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp\0"
_LARGEST_TEXT = 1 << 26  #: bytes that a compressed chunk may grow to
_INCH = 0.0254  #: metres
# What the decoder is shown: of other chunks it would print its opinion to stderr.
_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_NAMES = {b"iCCP": "ICC", b"eXIf": "EXIF", b"pHYs": "resolution", b"iTXt": "XMP"}


def decode(data: bytes, max_pixels: int) -> Decoded:
    """Read a PNG of 1 to 16 bits; palettes become RGB, transparency becomes alpha.

    Raises:
        InputError: If it is damaged, cut short, too large or animated.
    """
    with damage_refused("PNG"):
        width, height = struct.unpack_from(">II", data, 16)
    check_size(width, height, max_pixels)
    with damage_refused("PNG"):
        places = list(_chunks(data))
        chunks = [(kind, data[start:end]) for kind, start, end in places if kind not in _PICTURE]
        frames = [struct.unpack_from(">I", body)[0] for kind, body in chunks if kind == b"acTL"]
    refuse_pages(max(frames, default=1), "animations")
    with damage_refused("PNG"):
        view = memoryview(data)
        parts = [view[start - 8 : end + 4] for kind, start, end in places if kind in _PICTURE]
        samples = imagecodecs.png_decode(b"".join([SIGNATURE, *parts]))
    if samples.ndim == 2:
        samples = samples[:, :, None]
    decoded = Decoded(samples)
    if samples.shape[2] in (2, 4):
        decoded.samples = np.ascontiguousarray(samples[:, :, :-1])
        decoded.alpha = np.ascontiguousarray(samples[:, :, -1])
    for kind, body in chunks:
        if kind in _NAMES:
            with damage_noted(decoded, _NAMES[kind]):
                _take_metadata(decoded, kind, body)
    return decoded


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield each chunk's kind, and where its body begins and ends."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, at + 8 + length
        at += length + 12


def _take_metadata(decoded: Decoded, kind: bytes, body: bytes) -> None:
    if kind == b"iCCP":
        decoded.profile = _inflated(body.partition(b"\0")[2][1:])
    elif kind == b"eXIf":
        exif.take(decoded, body)
    elif kind == b"pHYs":
        across, down, unit = struct.unpack(">IIB", body)
        if unit == 1 and across and down:
            decoded.dpi = (across * _INCH, down * _INCH)
    elif kind == b"iTXt" and body.startswith(_XMP):
        compressed = body[len(_XMP)]
        text = body[len(_XMP) + 2 :].split(b"\0", 2)[2]
        decoded.xmp = _inflated(text) if compressed else text


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(data, _LARGEST_TEXT + 1)
    if len(content) > _LARGEST_TEXT or not stream.eof:
        raise ValueError("it is cut short, or longer than any that is meant")
    return content


def encode(photo: Photo, pixels: Pixels, xmp: bytes | None) -> bytes:
    """Write (H, W, 1 or 3) uint8 or uint16 as PNG, with the photo's alpha."""
    samples = pixels if photo.alpha is None else np.dstack([pixels, photo.alpha])
    if samples.shape[2] == 1:
        samples = samples[:, :, 0]
    # As OpenCV does by default: faster than any other setting of level 1, and smaller.
    picture = imagecodecs.png_encode(
        samples,
        level=imagecodecs.PNG.COMPRESSION.SPEED,
        strategy=imagecodecs.PNG.STRATEGY.RLE,
        filter=imagecodecs.PNG.FILTER.SUB,
        out=_most(samples.nbytes, len(samples)),
    )
    head = len(SIGNATURE) + 25  # IHDR comes first and has a fixed size
    return b"".join([picture[:head], *_metadata(photo, xmp), memoryview(picture)[head:]])


def _most(size: int, rows: int) -> int:
    """Return a bound on a file's bytes; the encoder's own is too small for narrow noise."""
    # A filter's number a row, deflate's and chunks' headers, and what libpng puts before them.
    return (size + rows) * 101 // 100 + 4096


def _metadata(photo: Photo, xmp: bytes | None) -> Iterator[bytes]:
    if photo.profile:
        yield _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(photo.profile))
    if photo.dpi:
        across, down = (round(dots / _INCH) for dots in photo.dpi)
        yield _chunk(b"pHYs", struct.pack(">IIB", across, down, 1))
    if photo.exif:
        yield _chunk(b"eXIf", photo.exif)
    if xmp:
        yield _chunk(b"iTXt", _XMP + b"\0\0\0\0" + xmp)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
