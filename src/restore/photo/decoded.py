"""What the readers of the four formats hand over, and how they refuse."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import InputError
from .photo import Pixels

# What decoders raise on damaged files: imagecodecs RuntimeError, tifffile nearly anything.
_DAMAGE = (
    *(ArithmeticError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),
    *(struct.error, zlib.error),
)


@dataclass
class Decoded:
    """A file's content, not yet upright and in whatever ink."""

    samples: Pixels  #: (H, W, C): 1 is grey, 3 RGB, 4 CMYK with 0 for no ink
    alpha: Pixels | None = None  #: (H, W), of the same type
    orientation: int = 1  #: as in EXIF, 1 to 8
    profile: bytes | None = None
    exif: bytes | None = None  #: as `Photo.exif`
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    lossless: bool = True
    compression: int = 8
    converted: bool = False  #: not the file's own numbers any more, nor exactly their meaning
    notices: list[str] = field(default_factory=list)


@contextmanager
def damage_refused(name: str) -> Iterator[None]:
    """Turn a decoder's failure into an `InputError`; for calls of codecs alone.

    What a decoder says of itself helps nobody who has a photo; it stays the error's cause.
    """
    try:
        yield
    except _DAMAGE as error:
        raise InputError(
            f"this {name} cannot be read: it is damaged, cut short or of a rare kind",
            hint="copy it again from where it came from, or save it anew with another program",
        ) from error


@contextmanager
def damage_noted(decoded: Decoded, what: str) -> Iterator[None]:
    """Turn a failure to read what a picture does not need into a notice."""
    try:
        yield
    except _DAMAGE:
        decoded.notices.append(f"its {what} data are damaged and left out")


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Refuse a picture by its header, before memory is spent on it.

    Raises:
        InputError: If it has no pixels or more than `max_pixels`.
    """
    if width < 1 or height < 1:
        raise InputError(f"this picture has no pixels: {width} x {height}", hint="leave it out")
    if width * height > max_pixels:
        raise InputError(
            f"{width} x {height} is {width * height:,} pixels, more than {max_pixels:,}",
            hint="if you trust the file, raise --max-pixels",
        )


def refuse_pages(pages: int, what: str) -> None:
    """Refuse a file that holds more than one picture.

    Raises:
        InputError: If it does.
    """
    if pages > 1:
        raise InputError(
            f"{what} of {pages} pictures are not supported yet", hint="save each by itself"
        )
