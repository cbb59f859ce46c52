"""Every kind of picture that the four formats hold becomes grey or RGB integers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from restore import photo
from restore.photo import Photo

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)


def read(data: bytes) -> Photo:
    return photo.read(data, max_pixels=10**6)


def saved(image: Image.Image, format_: str, **options: Any) -> Photo:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return read(stream.getvalue())


def tiff(pixels: NDArray[Any], **options: Any) -> Photo:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return read(stream.getvalue())


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_palettes_become_rgb(format_: str) -> None:
    image = Image.fromarray(PIXELS).quantize(16)
    assert np.array_equal(saved(image, format_).pixels, np.asarray(image.convert("RGB")))


def test_a_transparent_palette_colour_becomes_alpha() -> None:
    image = Image.fromarray(PIXELS).quantize(16)
    result = saved(image, "PNG", transparency=3)
    assert result.alpha is not None
    assert np.array_equal(result.alpha == 0, np.asarray(image) == 3)
    assert result.pixels.shape == (12, 20, 3)


@pytest.mark.parametrize(("format_", "options"), [
    ("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "group4"}),
])  # fmt: skip
def test_one_bit_becomes_8_bit_grey(format_: str, options: dict[str, str]) -> None:
    bits = PIXELS[:, :, 0] > 100
    result = saved(Image.fromarray(bits), format_, **options)
    assert result.pixels.dtype == np.uint8
    assert np.array_equal(result.pixels[:, :, 0], np.where(bits, 255, 0))


def test_4_bit_grey_covers_the_full_range() -> None:
    ramp = np.arange(16, dtype=np.uint8)[None]
    result = tiff(ramp, bitspersample=4, photometric="minisblack")
    assert result.pixels[0, :, 0].tolist() == [17 * k for k in range(16)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero(dtype: type) -> None:
    grey: NDArray[Any] = PIXELS[:, :, 0].astype(dtype)
    result = tiff(grey, photometric="miniswhite")
    assert np.array_equal(result.pixels[:, :, 0], np.iinfo(dtype).max - grey)


def test_separate_planes_tiles_and_lzw() -> None:
    wide = PIXELS.astype(np.uint16) * 257
    planes = tiff(wide.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    tiles = tiff(wide, photometric="rgb", tile=(16, 16), compression="lzw", predictor=True)
    assert np.array_equal(planes.pixels, wide)
    assert np.array_equal(tiles.pixels, wide)
    assert (planes.compression, tiles.compression) == (1, 5)


def test_premultiplied_alpha_is_undone() -> None:
    colour = np.array([200, 100, 50], np.uint8)
    alpha = np.array([[255, 128, 0]], np.uint8)
    stored = np.rint(colour * (alpha[..., None] / 255)).astype(np.uint8)
    result = tiff(np.dstack([stored, alpha]), photometric="rgb", extrasamples=["assocalpha"])
    assert np.abs(result.pixels[0, :2].astype(int) - colour).max() <= 1
    assert result.alpha is not None
    assert np.array_equal(result.alpha, alpha)
    assert "alpha" in result.notices[0]


def test_a_smaller_copy_inside_is_no_second_page() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(PIXELS, photometric="rgb", metadata=None)
        writer.write(PIXELS[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    assert np.array_equal(read(stream.getvalue()).pixels, PIXELS)


def test_jpeg_in_tiff() -> None:
    smooth = np.asarray(Image.fromarray(PIXELS).resize((64, 48), Image.Resampling.BICUBIC))
    result = saved(Image.fromarray(smooth), "TIFF", compression="jpeg", quality=95)
    assert np.abs(result.pixels.astype(int) - smooth).mean() < 6


@pytest.mark.parametrize(("ink", "colour"), [
    ((0, 0, 0, 0), (255, 255, 255)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 255, 0, 51), (204, 0, 204)),
])  # fmt: skip
@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(
    format_: str, ink: tuple[int, ...], colour: tuple[int, ...]
) -> None:
    image = Image.fromarray(np.full((16, 16, 4), ink, np.uint8), mode="CMYK")
    result = saved(image, format_)
    assert np.abs(result.pixels.astype(int) - colour).max() <= 3
    assert "CMYK" in result.notices[0]
    assert result.profile is None


def test_cmyk_of_16_bits() -> None:
    ink = np.full((4, 4, 4), (0, 65535, 0, 13107), np.uint16)
    result = tiff(ink, photometric="separated")
    assert result.pixels[0, 0].tolist() == [52428, 0, 52428]


def test_the_first_of_several_jpegs_in_one_file() -> None:
    first, second = Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1].copy())
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=[second], quality=95)
    result = read(stream.getvalue())
    assert result.format == "JPEG"
    assert "first" in result.notices[0]
    alone = saved(first, "JPEG", quality=95)
    assert np.array_equal(result.pixels, alone.pixels)


def test_progressive_and_grey_jpeg() -> None:
    image = Image.fromarray(PIXELS)
    plain, progressive = (saved(image, "JPEG", progressive=p, quality=90) for p in (False, True))
    assert np.array_equal(plain.pixels, progressive.pixels)
    grey = saved(image.convert("L"), "JPEG", quality=100, subsampling=0)
    assert grey.pixels.shape == (12, 20, 1)
    assert np.abs(grey.pixels[:, :, 0].astype(int) - np.asarray(image.convert("L"))).max() <= 2


def test_the_content_decides_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "é photo.jpg"
    path.write_bytes(imagecodecs.png_encode(PIXELS))
    assert photo.read(path, max_pixels=1000).format == "PNG"
