"""JPEG: its segments by hand, its scan by imagecodecs.

Sources: ITU-T T.81, annex B (markers); JFIF 1.02; ICC.1:2022, annex B.4 (profiles in parts);
XMP specification part 3, section 1.1.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import imagecodecs

from ..errors import InputError
from . import exif
from .decoded import Decoded, check_size, damage_refused
from .photo import Photo, Pixels

_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}
_APP0, _APP1, _APP2, _APP13, _APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
_COMMENT, _SCAN = 0xFE, 0xDA
_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"


def decode(data: bytes, max_pixels: int) -> Decoded:
    """Read a JPEG; of several in one file, the first.

    Raises:
        InputError: If it is damaged, cut short, too large, or of a kind that we do not read.
    """
    with damage_refused("JPEG"):
        segments, scan = _segments(data)
    for marker, payload in segments:
        if marker in _FRAMES:
            with damage_refused("JPEG"):
                bits, height, width, inks = struct.unpack_from(">BHHB", payload)
            check_size(width, height, max_pixels)
            if bits != 8 or inks not in (1, 3, 4):
                raise InputError(
                    f"a JPEG of {inks} x {bits} bits is not supported",
                    hint="convert it to a 16-bit TIFF",
                )
    # The decoder would fill what is missing with grey and say nothing.
    if data.rfind(b"\xff\xd9", scan) < 0:
        raise InputError(
            "this JPEG is cut short: its end is missing",
            hint="copy it again from where it came from",
        )
    with damage_refused("JPEG"):
        samples = imagecodecs.jpeg8_decode(data)
    if samples.ndim == 2:
        samples = samples[:, :, None]
    decoded = Decoded(samples)
    _take_metadata(decoded, segments)
    return decoded


def _segments(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Return the markers before the picture with what they carry, and where the scan begins."""
    segments = []
    at = 2
    while True:
        mark, marker = data[at], data[at + 1]
        if mark != 0xFF:
            raise ValueError(f"no marker at byte {at}")
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        segments.append((marker, data[at + 4 : at + 2 + length]))
        at += 2 + length
        if marker == _SCAN:
            return segments, at


def _take_metadata(decoded: Decoded, segments: list[tuple[int, bytes]]) -> None:
    parts: dict[bytes, bytes] = {}
    for marker, payload in segments:
        if marker == _APP0 and payload.startswith(b"JFIF\0") and len(payload) >= 12:
            unit, across, down = struct.unpack_from(">BHH", payload, 7)
            scale = {1: 1.0, 2: 2.54}.get(unit)
            if scale and across and down:
                decoded.dpi = (across * scale, down * scale)
        elif marker == _APP1 and payload.startswith(_EXIF) and decoded.exif is None:
            exif.take(decoded, payload)
        elif marker == _APP1 and payload.startswith(_XMP):
            decoded.xmp = payload.removeprefix(_XMP)
        elif marker == _APP2 and payload.startswith(_ICC):
            part = payload.removeprefix(_ICC)
            parts[part[:1]] = part[2:]  # its number; a segment may end before it
        elif marker == _APP13 and payload.startswith(b"Photoshop 3.0"):
            decoded.notices.append("its IPTC data of the old kind are not carried over")
        elif marker == _COMMENT:
            decoded.notices.append("its comment is not carried over")
        elif marker == _APP2 and payload.startswith(b"MPF\0"):
            decoded.notices.append("the file holds more pictures: the first is taken")
        elif marker == _APP14 and payload.startswith(b"Adobe") and decoded.samples.shape[2] == 4:
            decoded.samples = ~decoded.samples  # Adobe's ink counts down from 255
    if parts:
        decoded.profile = b"".join(parts[number] for number in sorted(parts))


def encode(photo: Photo, pixels: Pixels, quality: int, xmp: bytes | None) -> bytes:
    """Write (H, W, 1 or 3) uint8 as JPEG, colour at full resolution (4:4:4)."""
    samples = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    picture = imagecodecs.jpeg8_encode(samples, level=quality, subsampling="444")
    jfif = b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, *_density(photo), 0, 0)
    start = 2 + 4 + len(jfif)  # libjpeg's own JFIF segment, which knows no density
    segments = [_segment(_APP0, jfif), *_metadata(photo, xmp)]
    return b"".join([picture[:2], *segments, memoryview(picture)[start:]])


def _density(photo: Photo) -> tuple[int, int, int]:
    """Return JFIF's unit, and how many pixels one has across and down; each has 16 bits."""
    for unit, inches in ((1, 1.0), (2, 1 / 2.54)):
        across, down = (round(dots * inches) for dots in photo.dpi or (0, 0))
        if 0 < min(across, down) <= max(across, down) < 1 << 16:
            return unit, across, down
    return 0, 1, 1


def _metadata(photo: Photo, xmp: bytes | None) -> Iterator[bytes]:
    if photo.exif:
        yield _segment(_APP1, _EXIF + photo.exif)
    if xmp:
        yield _segment(_APP1, _XMP + xmp)
    if photo.profile:
        size = 65533 - len(_ICC) - 2
        parts = [photo.profile[at : at + size] for at in range(0, len(photo.profile), size)]
        for number, part in enumerate(parts, 1):
            yield _segment(_APP2, _ICC + bytes([number, len(parts)]) + part)


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
