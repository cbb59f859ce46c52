"""What an enlarged photo says of its size and resolution, in each place that says it."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from restore import photo
from restore.errors import OutputError
from restore.files import Format
from restore.photo import Photo

PIXELS = np.zeros((13, 21, 3), np.uint8)
LARGE = np.zeros((52, 84, 3), np.uint8)
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description exif:PixelXDimension='21' "
    b'tiff:ImageLength = "13" tiff:XResolution="3000000/10000" exif:FNumber="28/10">'
    b"<exif:PixelYDimension>13</exif:PixelYDimension><tiff:ImageWidth>21</tiff:ImageWidth>"
    b"<tiff:YResolution>300/1</tiff:YResolution></rdf:Description></x:xmpmeta>"
)


def block() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "A camera"
    exif[ExifTags.Base.ImageWidth] = 21
    exif[ExifTags.Base.XResolution] = IFDRational(72, 1)
    exif[ExifTags.Base.YResolution] = IFDRational(72, 1)
    exif[ExifTags.Base.ResolutionUnit] = 2
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExifImageWidth] = 21
    inner[ExifTags.Base.ExifImageHeight] = 13
    inner[ExifTags.Base.FocalPlaneXResolution] = IFDRational(5000, 3)
    inner[ExifTags.Base.FNumber] = IFDRational(28, 10)
    return exif.tobytes().removeprefix(b"Exif\0\0")


def loaded(block: bytes | None) -> Image.Exif:
    assert block is not None
    exif = Image.Exif()
    exif.load(block)
    return exif


def test_exif_says_the_new_size_and_keeps_the_inches() -> None:
    exif = loaded(photo.enlarged(Photo(PIXELS, "JPEG", exif=block()), 4, None).exif)
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    assert (inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight]) == (84, 52)
    assert exif[ExifTags.Base.ImageWidth] == 84
    assert exif[ExifTags.Base.XResolution] == exif[ExifTags.Base.YResolution] == 288
    assert inner[ExifTags.Base.FocalPlaneXResolution] == pytest.approx(20000 / 3)
    assert inner[ExifTags.Base.FNumber] == pytest.approx(2.8)
    assert exif[ExifTags.Base.Make] == "A camera"


def test_a_resolution_that_both_directions_share_grows_once() -> None:
    entries = struct.pack(">HHII", 282, 5, 1, 38) + struct.pack(">HHII", 283, 5, 1, 38)
    shared = b"MM\0*\0\0\0\x08\0\x02" + entries + bytes(4) + struct.pack(">II", 300, 1)
    grown = photo.enlarged(Photo(PIXELS, "JPEG", exif=shared), 2, None).exif
    assert grown == shared[:-8] + struct.pack(">II", 600, 1)


def test_a_short_width_becomes_long_enough() -> None:
    entry = struct.pack("<HHIHH", 256, 3, 1, 40000, 0)
    short = b"II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    wide = Photo(np.zeros((1, 40000, 1), np.uint8), "JPEG", exif=short)
    assert loaded(photo.enlarged(wide, 4, None).exif)[256] == 160_000


def test_damaged_exif_is_kept_with_a_notice() -> None:
    damaged = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 34665, 4, 1, 9999) + bytes(4)
    larger = photo.enlarged(Photo(PIXELS, "JPEG", exif=damaged), 4, None)
    assert larger.exif == damaged
    assert "EXIF" in larger.notices[0]


def test_xmp_says_the_new_size_and_keeps_the_inches() -> None:
    xmp = photo.enlarged(Photo(PIXELS, "PNG", xmp=XMP), 4, None).xmp
    assert xmp is not None
    for said in (
        b"exif:PixelXDimension='84'",
        b'tiff:ImageLength = "52"',
        b'tiff:XResolution="12000000/10000"',
        b'exif:FNumber="28/10"',
        b"<exif:PixelYDimension>52<",
        b"<tiff:ImageWidth>84<",
        b"<tiff:YResolution>1200/1<",
    ):
        assert said in xmp


def test_what_says_no_size_stays_silent() -> None:
    before = Photo(PIXELS, "PNG", xmp=b"<x:xmpmeta/>")
    after = photo.enlarged(before, 4, None)
    assert (after.exif, after.xmp, after.dpi) == (None, before.xmp, None)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF"])
def test_the_resolution_grows_with_the_pixels(format_: Format) -> None:
    larger = photo.enlarged(Photo(PIXELS, format_, dpi=(300.0, 600.0)), 4, None)
    with Image.open(io.BytesIO(photo.encode(larger, LARGE))) as opened:
        assert opened.size == (84, 52)
        assert opened.info["dpi"] == pytest.approx((1200, 2400), rel=1e-4)


@pytest.mark.parametrize(
    ("dots", "expected"), [(19_200, 76_800), (10_000, 40_000), (100_000, None)]
)
def test_jfif_holds_what_it_can(dots: float, expected: float | None) -> None:
    larger = photo.enlarged(Photo(PIXELS, "JPEG", dpi=(dots, dots)), 4, None)
    read = photo.read(photo.encode(larger, LARGE), max_pixels=10**6)
    if expected is None:
        assert read.dpi is None
    else:
        assert read.dpi == pytest.approx((expected, expected), rel=1e-4)


@pytest.mark.parametrize(
    ("format_", "largest"), [("JPEG", 65500), ("WEBP", 16383), ("PNG", 1_000_000)]
)
def test_a_side_too_long_for_a_format_is_refused(format_: Format, largest: int) -> None:
    line = np.zeros((1, largest, 1), np.uint8)
    read = photo.read(photo.encode(Photo(line, format_), line), max_pixels=10**7)
    assert read.pixels.shape[1] == largest
    photo.check_format("TIFF", 1, largest + 1)
    for height, width in ((1, largest + 1), (largest + 1, 1)):
        with pytest.raises(OutputError, match=f"at most {largest} pixels a side"):
            photo.check_format(format_, height, width)
