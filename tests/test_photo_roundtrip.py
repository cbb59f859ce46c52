"""What came in goes out: pixels, alpha, profile, EXIF, XMP and DPI."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from restore import photo
from restore.files import Format
from restore.photo import Photo

ADOBE = bytes(imagecodecs.cms_profile("adobergb"))
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>caption</x:xmpmeta>"
LOSSLESS: list[tuple[Format, type]] = [
    ("PNG", np.uint8),
    ("PNG", np.uint16),
    ("TIFF", np.uint8),
    ("TIFF", np.uint16),
    ("WEBP", np.uint8),
]


def exif_block(**tags: Any) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Voigtländer"
    exif[ExifTags.Base.Copyright] = "public domain"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.008
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = b"ASCII\0\0\0a comment"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    for name, value in tags.items():
        exif[ExifTags.Base[name]] = value
    return exif.tobytes().removeprefix(b"Exif\0\0")


def noise(shape: tuple[int, ...], dtype: type = np.uint8, seed: int = 0) -> NDArray[Any]:
    top = np.iinfo(dtype).max + 1
    return np.random.default_rng(seed).integers(0, top, shape, dtype)


def drawn(
    format_: Format, dtype: type = np.uint8, *, channels: int = 3, alpha: bool = True, **traits: Any
) -> Photo:
    pixels = noise((13, 21, channels), dtype)
    coverage = noise((13, 21), dtype, seed=1) if alpha else None
    return Photo(pixels, format_, alpha=coverage, **traits)


def again(picture: Photo, **options: Any) -> Photo:
    return photo.read(photo.encode(picture, picture.pixels, **options), max_pixels=10**6)


@pytest.mark.parametrize(("format_", "dtype"), LOSSLESS)
@pytest.mark.parametrize("alpha", [True, False])
def test_identity_is_exact(format_: Format, dtype: type, alpha: bool) -> None:
    before = drawn(
        format_, dtype, alpha=alpha, profile=ADOBE, exif=exif_block(), xmp=XMP, dpi=(300.0, 600.0)
    )
    after = again(before)
    assert after.format == format_
    assert after.pixels.dtype == dtype
    assert np.array_equal(after.pixels, before.pixels)
    assert (after.alpha is None) == (not alpha)
    if before.alpha is not None and after.alpha is not None:
        assert np.array_equal(after.alpha, before.alpha)
    assert after.profile == ADOBE
    assert after.xmp == XMP
    assert after.notices == ()
    if format_ != "WEBP":
        assert after.dpi == pytest.approx((300, 600), rel=1e-4)
    if format_ != "TIFF":
        assert after.exif == before.exif
    assert again(after).exif == after.exif
    assert photo.encode(after, after.pixels) == photo.encode(before, before.pixels)


@pytest.mark.parametrize(("format_", "dtype"), LOSSLESS[:4])
@pytest.mark.parametrize("alpha", [True, False])
def test_grey_stays_grey(format_: Format, dtype: type, alpha: bool) -> None:
    before = drawn(format_, dtype, channels=1, alpha=alpha)
    after = again(before)
    assert np.array_equal(after.pixels, before.pixels)
    assert alpha == (after.alpha is not None)


@given(height=st.integers(1, 9), width=st.integers(1, 9), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_size_is_exact(height: int, width: int, data: st.DataObject) -> None:
    format_, dtype = data.draw(st.sampled_from(LOSSLESS))
    channels = 3 if format_ == "WEBP" else data.draw(st.sampled_from([1, 3]))
    before = Photo(noise((height, width, channels), dtype, data.draw(st.integers(0, 99))), format_)
    assert np.array_equal(again(before).pixels, before.pixels)


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_a_dark_16_bit_photo_stays_16_bit(format_: Format) -> None:
    before = Photo(noise((8, 8, 1), np.uint16) % 201, format_)
    after = again(before)
    assert after.pixels.dtype == np.uint16
    assert after.pixels.max() <= 200
    assert np.array_equal(after.pixels, before.pixels)


def test_jpeg_keeps_what_it_carries_and_all_of_the_colour() -> None:
    profile = ADOBE + bytes(70_000)  # longer than one segment
    before = Photo(
        np.full((16, 16, 3), (200, 30, 60), np.uint8),
        "JPEG",
        profile=profile,
        exif=exif_block(),
        dpi=(300.0, 300.0),
    )
    data = photo.encode(before, before.pixels, xmp=XMP)
    after = photo.read(data, max_pixels=10**6)
    assert np.abs(after.pixels.astype(int) - before.pixels).max() <= 2
    assert (after.exif, after.xmp, after.dpi) == (before.exif, XMP, (300, 300))
    with JpegImageFile(io.BytesIO(data)) as opened:
        assert opened.info["icc_profile"] == profile
        assert opened.info["dpi"] == (300, 300)
        assert opened.getexif()[ExifTags.Base.Copyright] == "public domain"
        assert [layer[1:3] for layer in opened.layer] == [(1, 1)] * 3
    assert data == photo.encode(before, before.pixels, xmp=XMP)


def test_tiff_exif_is_read_by_others() -> None:
    before = drawn("TIFF", np.uint16, alpha=False, exif=exif_block(), dpi=(300.0, 300.0))
    with Image.open(io.BytesIO(photo.encode(before, before.pixels[:, :, :1]))) as opened:
        exif = opened.getexif()
        assert exif[ExifTags.Base.Copyright] == "public domain"
        camera = exif.get_ifd(ExifTags.IFD.Exif)
        assert camera[ExifTags.Base.ExposureTime] == 0.008
        assert camera[ExifTags.Base.UserComment] == b"ASCII\0\0\0a comment"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert opened.info["dpi"] == (300, 300)


@pytest.mark.parametrize("compression", [1, 5, 8])
def test_tiff_keeps_its_compression(compression: int) -> None:
    before = drawn("TIFF", np.uint16, compression=compression)
    after = again(before)
    assert after.compression == compression
    assert np.array_equal(after.pixels, before.pixels)


def test_big_endian_tiff() -> None:
    block = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHI4s", 271, 2, 4, b"Abc\0") + bytes(4)
    after = again(drawn("TIFF", np.uint16, exif=block))
    assert after.exif == block
    assert np.array_equal(after.pixels, drawn("TIFF", np.uint16).pixels)


def test_lossy_webp_stays_lossy_and_small() -> None:
    before = drawn("WEBP", lossless=False)
    after = again(before)
    assert not after.lossless
    assert before.alpha is not None
    assert after.alpha is not None
    assert np.array_equal(after.alpha, before.alpha)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(format_: Format, orientation: int) -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :16], pixels[:8, 16:], pixels[8:, :16] = 255, 170, 85
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = orientation
    xmp = b'<rdf tiff:Orientation="%d"/>' % orientation
    stream = io.BytesIO()
    image.save(stream, format_, exif=exif, xmp=xmp, lossless=True, quality=100, dpi=(100, 200))
    read = photo.read(stream.getvalue(), max_pixels=10**6)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(stream)))
    assert read.pixels.shape == upright.shape
    assert np.abs(read.pixels.astype(int) - upright).max() <= 2
    if format_ != "WEBP":
        expected = (100, 200) if orientation < 5 else (200, 100)
        assert read.dpi == pytest.approx(expected, rel=1e-3)
    twice = photo.read(photo.encode(read, read.pixels), max_pixels=10**6)
    assert twice.pixels.shape == read.pixels.shape
    assert np.abs(twice.pixels.astype(int) - upright).max() <= 4
    with Image.open(io.BytesIO(photo.encode(read, read.pixels))) as opened:
        assert opened.getexif().get(ExifTags.Base.Orientation, 1) == 1
    assert read.xmp in (None, b'<rdf tiff:Orientation="1"/>')


@pytest.mark.parametrize("where", ["end", "middle"])
def test_the_thumbnail_is_gone_and_maker_notes_stay_in_place(where: str) -> None:
    thumbnail, note = b"\xff\xd8OLD GREY PICTURE\xff\xd9", b"maker note"
    main = struct.pack("<H", 2)
    main += struct.pack("<HHII", 274, 3, 1, 6)
    main += struct.pack("<HHII", 37500, 7, len(note), 120)
    start = 80 if where == "middle" else 130
    second = struct.pack("<H", 2) + struct.pack("<HHII", 513, 4, 1, start)
    second += struct.pack("<HHII", 514, 4, 1, len(thumbnail)) + bytes(4)
    block = b"II*\0" + struct.pack("<I", 8) + main + struct.pack("<I", 38) + second
    if where == "middle":
        block = block.ljust(80, b"\0") + thumbnail
    block = block.ljust(120, b"\0") + note
    if where == "end":
        block += thumbnail
    picture = photo.encode(Photo(noise((4, 6, 3)), "PNG", exif=block), noise((4, 6, 3)))
    read = photo.read(picture, max_pixels=100)
    assert read.pixels.shape == (6, 4, 3)
    assert read.exif is not None
    assert b"OLD GREY" not in read.exif
    assert read.exif[120:130] == note
    loaded = Image.Exif()
    loaded.load(read.exif)
    assert loaded[274] == 1


def test_damaged_exif_is_left_out_with_a_notice() -> None:
    block = b"II*\0\x08\0\0\0\xff\0\x12\x01"
    read = again(drawn("PNG", exif=block))
    assert read.exif is None
    assert "EXIF" in read.notices[0]


def test_another_format_holds_what_it_can() -> None:
    before = drawn("TIFF", np.uint16, exif=exif_block(), profile=ADOBE)
    fitted = photo.fitting(before, photo.format_of(Path("out.JPG"), before))
    assert fitted.format == "JPEG"
    assert len(fitted.notices) == 2
    after = photo.read(photo.encode(fitted, before.pixels), max_pixels=10**6)
    assert after.pixels.dtype == np.uint8
    assert (after.profile, after.exif) == (ADOBE, before.exif)
    webp = photo.fitting(before, "WEBP")
    read = again(webp)
    assert read.alpha is not None
    assert np.array_equal(read.pixels, (before.pixels.astype(int) + 128) // 257)
    assert photo.fitting(before, "TIFF") is before
    assert photo.format_of(Path("out"), before) == "TIFF"


@pytest.mark.parametrize("size", [(5, 7), (5000, 1)])  # the second outgrows the codec's own guess
def test_a_map_is_a_grey_png(size: tuple[int, int]) -> None:
    plane = noise(size)
    with Image.open(io.BytesIO(photo.encode_map(plane))) as opened:
        assert opened.mode == "L"
        assert np.array_equal(np.asarray(opened), plane)
