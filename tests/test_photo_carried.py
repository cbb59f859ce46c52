"""What a photo carries may be damaged: the picture is read, and a notice says what is left out."""

from __future__ import annotations

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile

from restore import photo
from restore.photo import Photo, ifd

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
ADOBE = bytes(imagecodecs.cms_profile("adobergb"))


def read(data: bytes) -> Photo:
    return photo.read(data, max_pixels=10**6)


def jpeg_with(marker: int, payload: bytes, **traits: bytes) -> Photo:
    """Read a JPEG with one more segment at its beginning."""
    whole = photo.encode(Photo(PIXELS, "JPEG", **traits), PIXELS)
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return read(whole[:2] + segment + whole[2:])


@pytest.mark.parametrize("rest", [b"", b"\1", b"\1\1", b"\1\1no profile"])
def test_a_jpegs_profile_that_is_cut_short(rest: bytes) -> None:
    found = jpeg_with(0xE2, b"ICC_PROFILE\0" + rest)
    assert found.profile is None
    assert found.notices == ("its colour profile cannot be used and is left out",)


def test_a_stray_segment_spoils_no_profile() -> None:
    found = jpeg_with(0xE2, b"ICC_PROFILE\0", profile=ADOBE)
    assert found.profile == ADOBE
    assert found.notices == ()


def entry(tag: int, kind: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, 1, value)


def exif_block(*entries: bytes, following: int = 0) -> bytes:
    """Return a block whose only directory holds these entries, and is said to have a next one."""
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + b"".join(entries) + struct.pack("<I", following)


MAKE = struct.pack("<HHI4s", 271, 2, 4, b"ACM\0")


def tags_of(found: Photo) -> dict[int, bytes | tuple[ifd.Entry, ...]]:
    assert found.exif is not None
    layout = ifd.Layout.of(found.exif)
    return {
        entry.tag: entry.value
        for entry in ifd.read_entries(found.exif, layout, layout.first(found.exif))
    }


@pytest.mark.parametrize("place", [4000, 0xFFFFFFFF, 0])
@pytest.mark.parametrize("tag", [ifd.EXIF, ifd.GPS])
def test_a_directory_that_is_not_there(tag: int, place: int) -> None:
    came = jpeg_with(0xE1, b"Exif\0\0" + exif_block(MAKE, entry(tag, 4, place)))
    assert came.notices == ("a part of its EXIF data is damaged and may be left out",)
    result = read(photo.encode(photo.fitting(came, "TIFF"), came.pixels))
    assert tags_of(result) == {271: b"ACM\0"}
    assert result.notices == ()


def test_a_directory_whose_place_is_no_number() -> None:
    pointer = struct.pack("<HHII", ifd.EXIF, 4, 9, 8)  # nine numbers: the block's own beginning
    came = jpeg_with(0xE1, b"Exif\0\0" + exif_block(MAKE, pointer).ljust(60, b"\xff"))
    assert tags_of(read(photo.encode(photo.fitting(came, "TIFF"), came.pixels))) == {271: b"ACM\0"}


def test_a_tiffs_picture_is_read_whatever_its_directories_point_to() -> None:
    stream = io.BytesIO()
    tags = [(34664, 4, 1, 4_000_000), (271, 2, 0, "ACM")]
    tifffile.imwrite(stream, PIXELS, extratags=tags, metadata=None)
    pointer = entry(ifd.EXIF, 4, 4_000_000)  # which tifffile does not write
    found = read(stream.getvalue().replace(entry(34664, 4, 4_000_000), pointer))
    assert np.array_equal(found.pixels, PIXELS)
    assert found.notices == ("a part of its EXIF data is damaged and may be left out",)
    assert ifd.EXIF not in tags_of(found)
    assert tags_of(found)[271] == b"ACM\0"


def test_a_tag_that_is_there_twice_counts_once() -> None:
    block = exif_block(entry(ifd.EXIF, 4, 8), entry(ifd.EXIF, 4, 8))  # each names its own directory
    (found,) = ifd.read_entries(block, ifd.Layout.of(block), 8)
    assert isinstance(found.value, tuple)
    assert len(found.value) == 1


ON_ITS_SIDE = struct.pack("<HHIHH", 274, 3, 1, 6, 0)


@pytest.mark.parametrize("place", [4000, 0xFFFFFFFF, 0])
def test_a_thumbnail_that_is_not_there_costs_no_orientation(place: int) -> None:
    block = exif_block(MAKE, ON_ITS_SIDE, following=place)
    found = jpeg_with(0xE1, b"Exif\0\0" + block)
    assert found.pixels.shape == (20, 12, 3)
    assert found.notices == ()
    assert found.exif == exif_block(MAKE, struct.pack("<HHIHH", 274, 3, 1, 1, 0))


def test_a_thumbnail_that_is_said_to_lie_where_the_tags_are() -> None:
    block = exif_block(MAKE, ON_ITS_SIDE, following=38)
    second = exif_block(entry(513, 4, 0), entry(514, 4, 4000))[8:]
    found = jpeg_with(0xE1, b"Exif\0\0" + block + second)
    assert found.pixels.shape == (20, 12, 3)
    assert tags_of(found)[271] == b"ACM\0"


def png_with(kind: bytes, body: bytes) -> Photo:
    """Read a PNG with one more chunk after its header."""
    whole = photo.encode(Photo(PIXELS, "PNG"), PIXELS)
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return read(whole[:33] + chunk + whole[33:])


XMP = b"XML:com.adobe.xmp\0"
BOMB = zlib.compress(bytes(1 << 26) + b"more")


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (b"pHYs", b"\0\1", "resolution"),
        (b"iCCP", b"a profile\0\0not deflated", "ICC"),
        (b"iCCP", b"a profile\0\0" + zlib.compress(ADOBE)[:-9], "ICC"),
        (b"iCCP", b"a profile\0\0" + BOMB, "ICC"),
        (b"iTXt", XMP, "XMP"),
        (b"iTXt", XMP + b"\0\0en", "XMP"),
        (b"iTXt", XMP + b"\1\0\0\0not deflated", "XMP"),
        (b"iTXt", XMP + b"\1\0\0\0" + BOMB, "XMP"),
        (b"eXIf", b"II*\0", "EXIF"),
    ],
)
def test_a_pngs_damaged_chunk_is_left_out(kind: bytes, body: bytes, name: str) -> None:
    found = png_with(kind, body)
    assert np.array_equal(found.pixels, PIXELS)
    assert found.notices == (f"its {name} data are damaged and left out",)
    assert (found.profile, found.exif, found.xmp, found.dpi) == (None, None, None, None)


def test_a_pngs_long_text_is_kept_as_it_is() -> None:
    packet = bytes(range(256)) * 1000
    assert png_with(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(packet)).xmp == packet
