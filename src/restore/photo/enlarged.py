"""What a photo carries, made true of a result that has more pixels.

An enlarged scan shows the same print, so its size in inches stays and its pixels an inch grow:
who measures on it, or prints it at its own size, gets what the photo would give. Archives read
resolution as that, pixels to an inch of the original; kept at 300, an enlargement of a 4 x 6 inch
print would claim to be of a larger one. Where nothing says a resolution, none is made up.

Sources: EXIF 2.32 (JEITA CP-3451), sections 4.6.4 and 4.6.5; XMP specification part 2, the tiff
and exif namespaces.
"""

from __future__ import annotations

import re
import struct
from dataclasses import replace

from .ifd import EXIF, Layout
from .photo import Photo, Pixels

_WIDTHS, _HEIGHTS = {256, 40962}, {257, 40963}  # ImageWidth, PixelXDimension; and so on
_RATIOS = {282, 283, 41486, 41487}  # X- and YResolution, of the print and of the focal plane
_LONG, _RATIONAL = 4, 5

_VALUE = rb"\s*(?:>|=\s*[\"'])\s*"  # what is between a property's name and its value
_XMP_WIDTH = re.compile(rb"((?:exif:PixelXDimension|tiff:ImageWidth)" + _VALUE + rb")\d+")
_XMP_HEIGHT = re.compile(rb"((?:exif:PixelYDimension|tiff:ImageLength)" + _VALUE + rb")\d+")
_XMP_RATIO = re.compile(
    rb"((?:tiff:|exif:FocalPlane)[XY]Resolution" + _VALUE + rb")(\d+)(?=\s*[/<\"'])"
)


def enlarged(photo: Photo, scale: int, alpha: Pixels | None) -> Photo:
    """Return what a result is to be given back that is `scale` times as wide and high.

    Args:
        photo: Its pixels stay as they are.
        scale: At least 1.
        alpha: The photo's, of the result's size.
    """
    height, width = (scale * side for side in photo.pixels.shape[:2])
    exif, notices = photo.exif, photo.notices
    if exif is not None:
        try:
            exif = _exif(exif, scale, width, height)
        except (ValueError, KeyError, struct.error):
            notices += ("its EXIF data are damaged, and may still say the photo's own size",)
    return replace(
        photo,
        alpha=alpha,
        exif=exif,
        xmp=None if photo.xmp is None else _xmp(photo.xmp, scale, width, height),
        dpi=None if photo.dpi is None else (photo.dpi[0] * scale, photo.dpi[1] * scale),
        notices=notices,
    )


def _exif(block: bytes, scale: int, width: int, height: int) -> bytes:
    """Return a block that says another size; changed in place, for maker notes hold offsets.

    Raises:
        ValueError, KeyError, struct.error: If it is damaged.
    """
    layout = Layout.of(block)
    edited, ratios = bytearray(block), set()
    tags = layout.entries(block, layout.first(block))[0]
    for tag, place in tags:
        if tag == EXIF:
            tags = tags + layout.entries(block, layout.integer(block, place))[0]
    for tag, place in tags:
        kind, count = struct.unpack_from(layout.order + "HI", block, place + 2)
        if tag in _WIDTHS | _HEIGHTS:
            size = width if tag in _WIDTHS else height
            struct.pack_into(layout.order + "HII", edited, place + 2, _LONG, 1, size)
        elif tag in _RATIOS and (kind, count) == (_RATIONAL, 1):
            (at,) = struct.unpack_from(layout.order + "I", block, layout.place_of_value(place))
            ratios.add(at)
    for at in ratios:  # a set: both directions may share one place
        (dots,) = struct.unpack_from(layout.order + "I", block, at)
        if dots * scale < 1 << 32:
            struct.pack_into(layout.order + "I", edited, at, dots * scale)
    return bytes(edited)


def _xmp(packet: bytes, scale: int, width: int, height: int) -> bytes:
    """Return a packet that says another size where it says one."""
    packet = _XMP_WIDTH.sub(rb"\g<1>%d" % width, packet)
    packet = _XMP_HEIGHT.sub(rb"\g<1>%d" % height, packet)
    return _XMP_RATIO.sub(lambda found: found[1] + b"%d" % (int(found[2]) * scale), packet)
