"""Read a photo of any of the four formats."""

from __future__ import annotations

import os.path
import sys
from pathlib import Path

import numpy as np

from ..color import SRGB, RgbSpace
from ..errors import InputError, reason_of
from ..files import HEAD, Format, format_of_head
from . import exif
from .decoded import Decoded
from .photo import Photo


def read(source: Path | bytes, *, max_pixels: int) -> Photo:
    """Read a photo, upright, with all that its result must be given back.

    What a file is, its content says, not its suffix. Grey and CMYK become sRGB, as does RGB
    with a table-based profile; RGB with a matrix profile keeps its integers and its space.

    Args:
        source: A file, or its content.
        max_pixels: More are refused before they are decoded.

    Raises:
        InputError: If it is absent, unreadable, damaged, too large, or not of a kind we read.
    """
    data = source if isinstance(source, bytes) else content(source)
    format_ = format_of_head(data[:HEAD])
    if format_ is None:
        raise _unknown(data)
    return _photo(format_, _decode(format_, data, max_pixels))


def is_cut_short(path: Path) -> bool:
    """Say whether a photo cannot be read because its file ends too early.

    A file that is whole but of a kind that we do not read, as a TIFF of several pages, is not.
    """
    data = content(path)
    format_ = format_of_head(data[:HEAD])
    if format_ is None or not _ends_early(format_, data):
        return False
    try:
        _decode(format_, data, sys.maxsize)
    except InputError:
        return True
    return False  # some programs write more behind a picture's end


def _ends_early(format_: Format, data: bytes) -> bool:
    if format_ == "JPEG":
        return not data.endswith(b"\xff\xd9")
    if format_ == "PNG":
        return b"IEND" not in data[-12:]
    if format_ == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    from . import tiff

    return tiff.ends_early(data)


def content(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        InputError: If it is absent or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", hint="check the name") from None
    except OSError as error:
        is_dir = os.path.isdir  # unlike Path's, takes a name too long for one that is not there
        hint = "name a file" if is_dir(path) else "check its permissions"
        raise InputError(f"cannot be read: {reason_of(error)}", hint=hint) from error


def _unknown(data: bytes) -> InputError:
    if not data:
        return InputError("the file is empty", hint="copy it again from where it came from")
    return InputError(
        "this is not a JPEG, PNG, WebP or TIFF", hint="convert it, for example to PNG"
    )


def _decode(format_: Format, data: bytes, max_pixels: int) -> Decoded:
    # Each format's libraries are imported when a photo needs them.
    if format_ == "JPEG":
        from . import jpeg

        return jpeg.decode(data, max_pixels)
    if format_ == "PNG":
        from . import png

        return png.decode(data, max_pixels)
    if format_ == "WEBP":
        from . import webp

        return webp.decode(data, max_pixels)
    from . import tiff

    return tiff.decode(data, max_pixels)


def _photo(format_: Format, decoded: Decoded) -> Photo:
    space, profile = _interpret(decoded)
    orientation, dpi = decoded.orientation, decoded.dpi
    if dpi and orientation >= 5:
        dpi = (dpi[1], dpi[0])
    alpha = decoded.alpha
    return Photo(
        pixels=exif.turned(decoded.samples, orientation),
        format=format_,
        alpha=None if alpha is None else exif.turned(alpha, orientation),
        space=space,
        profile=profile,
        exif=decoded.exif,
        xmp=exif.upright_xmp(decoded.xmp) if decoded.xmp else None,
        dpi=dpi,
        lossless=decoded.lossless,
        compression=decoded.compression,
        converted=decoded.converted,
        notices=tuple(decoded.notices),
    )


def _interpret(decoded: Decoded) -> tuple[RgbSpace, bytes | None]:
    """Bring the samples to grey or RGB; return what they mean now, and the profile that says so."""
    samples, profile = decoded.samples, decoded.profile
    channels = samples.shape[2]
    if profile is None and channels < 4:
        return SRGB, None
    from . import profiles

    if profile is not None and not profiles.fits(profile, channels):
        decoded.notices.append("its colour profile cannot be used and is left out")
        profile = None
        if channels < 4:
            return SRGB, None
    if profile is None:
        decoded.samples, decoded.converted = profiles.mixed(samples), True
        decoded.notices.append("CMYK without a profile: converted to sRGB by rule of thumb")
        return SRGB, None
    if channels == 4:
        decoded.samples, decoded.converted = profiles.to_srgb(samples, profile), True
        decoded.notices.append("CMYK converted to sRGB by its profile")
    elif profile[16:20] == b"GRAY" or (channels == 1 and profiles.space_of(profile) is None):
        table = profiles.grey_table(profile, samples.dtype)
        if table is not None:
            decoded.samples, decoded.converted = np.take(table, samples), True
            decoded.notices.append("grey converted to sRGB by its profile")
    else:
        space = profiles.space_of(profile)
        if space is not None:
            return space, profile
        decoded.samples, decoded.converted = profiles.to_srgb(samples, profile), True
        decoded.notices.append("RGB converted to sRGB by its table-based profile")
    return SRGB, profiles.srgb_profile()
