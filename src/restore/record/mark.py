"""Find our mark in a file that no record names: the packet that every result carries.

Only headers are read, a few bytes each, so that a folder's files cost next to nothing. It finds a
packet where our writers put it; a program that wrote the file anew may have put it elsewhere.
Sources: XMP specification part 3, sections 1.1.3 to 1.1.5 and 3; RFC 9649; TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..files import FORMATS, HEAD, format_of_head
from .xmp import MARK

_ENOUGH = 1 << 16  #: bytes of a packet to look at: namespaces come first
_MOST = 1000  #: parts of a file to look at: a photo has dozens
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_XMP = b"XML:com.adobe.xmp\0"
_TIFF_XMP = 700


def is_marked(path: Path) -> bool:
    """Say whether a file carries the packet of a result of ours, whatever its name."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            find = {"JPEG": _in_jpeg, "PNG": _in_png, "WEBP": _in_webp, "TIFF": _in_tiff}
            format_ = format_of_head(head)
            return format_ is not None and MARK in find[format_](stream, head)
    except (OSError, ValueError, OverflowError, struct.error):
        return False  # damaged or unreadable: that is for its reader to say


def is_result(path: Path) -> bool:
    """Say whether a file is a result of ours by its mark, or a map beside one by its name.

    A map shows numbers and carries no packet: `photo.jpg.confidence.png`, beside `photo.jpg`.
    """
    shown = path.with_suffix("").with_suffix("")
    named = path.suffix == ".png" and shown.suffix.lower() in FORMATS
    return is_marked(path) or (named and is_marked(shown))


def _parts(
    stream: BinaryIO, at: int, header: Callable[[BinaryIO], tuple[bytes, int, int]]
) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the length of each part of a file; the stream is then at its data.

    Args:
        stream: Of the file.
        at: Where the first part begins.
        header: Reads one and returns its kind, the length of its data, and of the whole part.
    """
    for _ in range(_MOST):
        stream.seek(at)
        kind, length, whole = header(stream)
        yield kind, length
        at += whole


def _jpeg_header(stream: BinaryIO) -> tuple[bytes, int, int]:
    marker, length = struct.unpack(">2sH", stream.read(4))
    return marker, length - 2, length + 2


def _png_header(stream: BinaryIO) -> tuple[bytes, int, int]:
    length, kind = struct.unpack(">I4s", stream.read(8))
    return kind, length, length + 12


def _webp_header(stream: BinaryIO) -> tuple[bytes, int, int]:
    kind, length = struct.unpack("<4sI", stream.read(8))
    return kind, length, length + length % 2 + 8


def _in_jpeg(stream: BinaryIO, head: bytes) -> bytes:
    for marker, length in _parts(stream, 2, _jpeg_header):
        if marker[0] != 0xFF or marker == b"\xff\xda":  # the picture begins
            break
        if marker == b"\xff\xe1" and stream.read(len(_JPEG_XMP)) == _JPEG_XMP:
            return stream.read(max(0, length - len(_JPEG_XMP)))
    return b""


def _in_png(stream: BinaryIO, head: bytes) -> bytes:
    for kind, length in _parts(stream, 8, _png_header):
        if kind in (b"IDAT", b"IEND"):
            break
        if kind == b"iTXt" and stream.read(len(_PNG_XMP)) == _PNG_XMP:
            return stream.read(min(length, _ENOUGH))
    return b""


def _in_webp(stream: BinaryIO, head: bytes) -> bytes:
    for kind, length in _parts(stream, 12, _webp_header):
        if kind == b"XMP ":
            return stream.read(min(length, _ENOUGH))
    return b""


def _in_tiff(stream: BinaryIO, head: bytes) -> bytes:
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", head, 2)[0] == 43
    offset, count = ("Q", "Q") if big else ("I", "H")
    entry = struct.Struct(f"{order}HH{offset}{offset}")
    stream.seek(8 if big else 4)
    (first,) = struct.unpack(order + offset, stream.read(struct.calcsize(offset)))
    stream.seek(first)
    (entries,) = struct.unpack(order + count, stream.read(struct.calcsize("=" + count)))
    directory = stream.read(min(entries, _MOST) * entry.size)
    for at in range(0, len(directory) - entry.size + 1, entry.size):
        tag, _, length, where = entry.unpack_from(directory, at)
        if tag == _TIFF_XMP:
            stream.seek(where)
            return stream.read(min(length, _ENOUGH))
    return b""
