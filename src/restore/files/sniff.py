"""What a file is, by its first bytes: a name may say anything."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .find import FORMATS, Format

HEAD = 12  #: bytes that tell the formats apart


def format_of_head(head: bytes) -> Format | None:
    """Return the format that a file's first bytes belong to; None if it is none of ours."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    return None


def sniffed(path: Path) -> Format | None:
    """Return a file's format; None also if it cannot be read, or reading would use it up."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb", buffering=0) as stream:
            return format_of_head(stream.read(HEAD))
    except OSError:
        return None


def is_lossy(path: Path) -> bool:
    """Say whether a file is a JPEG or a WebP that lost something when it was written."""
    format_ = sniffed(path)
    if format_ != "WEBP":
        return format_ == "JPEG"
    try:
        with path.open("rb") as stream:
            stream.seek(HEAD)
            while len(header := stream.read(8)) == 8:
                if header[:4] in (b"VP8 ", b"VP8L"):  # RFC 9649: which of the two codecs
                    return header[:4] == b"VP8 "
                length = int.from_bytes(header[4:], "little")
                stream.seek(length + length % 2, os.SEEK_CUR)
    except OSError:
        pass
    return False  # without a picture: for its reader to say


def true_suffix(path: Path) -> str:
    """Return the suffix that a photo's result gets: its own, unless that is of another format.

    A file that is of no known format keeps its suffix if it is one that we write, else it gets
    `.png`: reading it will tell what is wrong.
    """
    named, format_ = FORMATS.get(path.suffix.lower()), sniffed(path)
    if format_ in (None, named):
        return path.suffix if named else ".png"
    return next(suffix for suffix, known in FORMATS.items() if known == format_)
