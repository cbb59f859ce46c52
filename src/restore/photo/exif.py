"""What we change in a photo's EXIF and XMP: it is upright now, and its thumbnail is gone.

Source: EXIF 2.32 (JEITA CP-3451), sections 4.5 and 4.6.
"""

from __future__ import annotations

import re
import struct
from contextlib import suppress

import numpy as np

from .decoded import Decoded, damage_noted
from .ifd import EXIF, GPS, Layout, is_whole
from .photo import Pixels

DAMAGED_PART = "a part of its EXIF data is damaged and may be left out"

_ORIENTATION, _THUMBNAIL, _THUMBNAIL_LENGTH = 274, 513, 514

KEPT = {
    *(269, 270, 271, 272, 285, 305, 306, 315, 316),  # document, camera, software, date, artist
    *(18246, 18249, 33432, 33723),  # rating, copyright, IPTC
    *range(40091, 40096),  # title, comment, author, keywords, subject, as Windows writes them
    *(EXIF, GPS),
}
"""Tags of a TIFF's main directory that say something about the photo, not about its bytes."""


def take(decoded: Decoded, block: bytes) -> None:
    """Take over an EXIF block, as an upright photo's, and the orientation that it said."""
    block = block.removeprefix(b"Exif\0\0")
    with damage_noted(decoded, "EXIF"):
        decoded.orientation, upright_block = upright(block)
        layout = Layout.of(upright_block)
        if not is_whole(upright_block, layout, layout.first(upright_block)):
            decoded.notices.append(DAMAGED_PART)
        decoded.exif = upright_block


def upright(block: bytes) -> tuple[int, bytes]:
    """Return the orientation and the block with orientation 1 and no thumbnail.

    It is changed in place, so that maker notes, which hold offsets, stay true. A thumbnail
    would show the photo as it was before.

    Raises:
        ValueError, KeyError, struct.error: If the block is damaged.
    """
    layout = Layout.of(block)
    if layout.big:
        raise ValueError("EXIF is no BigTIFF")
    edited = bytearray(block)
    orientation = 1
    tags, following = layout.entries(block, layout.first(block))
    for tag, place in tags:
        if tag == _ORIENTATION:
            orientation = layout.integer(block, place)
            value = layout.place_of_value(place)
            edited[place:value] = struct.pack(layout.order + "HHI", _ORIENTATION, 3, 1)
            edited[value : value + 4] = struct.pack(layout.order + "HH", 1, 0)
    second = block[following : following + 4]
    if len(second) == 4 and any(second):
        edited[following : following + 4] = bytes(4)
        with suppress(ValueError, KeyError, struct.error):  # it is no thumbnail, and nobody's now
            _erase_thumbnail(edited, layout, struct.unpack(layout.order + "I", second)[0])
    return (orientation if 1 <= orientation <= 8 else 1), bytes(edited)


def _erase_thumbnail(edited: bytearray, layout: Layout, at: int) -> None:
    block = bytes(edited)
    places = dict(layout.entries(block, at)[0])
    if not {_THUMBNAIL, _THUMBNAIL_LENGTH} <= places.keys():
        return
    start = layout.integer(block, places[_THUMBNAIL])
    end = start + layout.integer(block, places[_THUMBNAIL_LENGTH])
    if start < layout.entries(block, layout.first(block))[1]:  # it would be the orientation's own
        return
    if end >= len(edited):
        del edited[start:]
    else:
        edited[start:end] = bytes(end - start)


def upright_xmp(packet: bytes) -> bytes:
    """Return an XMP packet that says orientation 1 where it says another."""
    return re.sub(rb"(tiff:Orientation\s*(?:>|=\s*[\"']))[2-8]", rb"\g<1>1", packet)


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Return (H, W, ...) pixels turned upright from an EXIF orientation; 1 is the array itself."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
