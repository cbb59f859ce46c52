"""ICC profiles: kept where a matrix says it all, else converted to sRGB."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms

from restore import color, photo
from restore.photo import Photo
from restore.photo.profiles import space_of, srgb_profile

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)


def icc(*words: Any, **numbers: Any) -> bytes:
    return bytes(imagecodecs.cms_profile(*words, **numbers))


def table_profile(space: bytes, inks: int) -> bytes:
    """Draw a table-based (lut8) profile whose paper is white and whose ink is dark."""
    grid = 2
    corners = np.stack(np.meshgrid(*[[0, 1]] * inks, indexing="ij"), axis=-1).reshape(-1, inks)
    light = 1 - corners.mean(axis=1) if inks == 4 else corners.mean(axis=1)
    lab = np.stack([light * 255, np.full(len(light), 128), np.full(len(light), 128)], axis=1)
    ramp = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([inks, 3, grid, 0])
    lut += np.eye(3).ravel().__mul__(65536).astype(">i4").tobytes()
    lut += ramp * inks + np.rint(lab).astype(np.uint8).tobytes() + ramp * 3
    text = b"text" + bytes(4) + b"drawn\0\0\0"
    description = b"desc" + bytes(4) + (6).to_bytes(4, "big") + b"drawn\0" + bytes(78)
    white = (
        b"XYZ " + bytes(4) + np.array([0.9642, 1, 0.8249]).__mul__(65536).astype(">i4").tobytes()
    )
    tags = [(b"A2B0", lut), (b"cprt", text), (b"desc", description), (b"wtpt", white)]
    start = 128 + 4 + 12 * len(tags)
    table, body = len(tags).to_bytes(4, "big"), b""
    for name, value in tags:
        value += bytes(-len(value) % 4)
        table += name + (start + len(body)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        body += value
    head = bytearray(128)
    head[0:4] = (start + len(body)).to_bytes(4, "big")
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\2\x40\0\0", b"prtr", space, b"Lab "
    head[36:40] = b"acsp"
    head[68:80] = np.array([0.9642, 1, 0.8249]).__mul__(65536).astype(">i4").tobytes()
    return bytes(head) + table + body


def read(pixels: NDArray[Any], profile: bytes) -> Photo:
    plain = Photo(pixels, "PNG", profile=profile)
    return photo.read(photo.encode(plain, pixels), max_pixels=10**6)


@pytest.mark.parametrize(
    "profile", [icc("srgb"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_srgb_is_recognized_and_its_bytes_given_back(profile: bytes) -> None:
    result = read(PIXELS, profile)
    assert result.space is color.SRGB
    assert result.profile == profile
    assert result.notices == ()


def prophoto() -> bytes:
    primaries = [0.7347, 0.2653, 1.0, 0.1596, 0.8404, 1.0, 0.0366, 0.0001, 1.0]
    return icc("rgb", whitepoint=[0.3457, 0.3585, 1.0], primaries=primaries, gamma=1.8)


@pytest.mark.parametrize("profile", [icc("adobergb"), prophoto()])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_matrix_profiles_keep_the_integers_and_say_what_they_mean(
    profile: bytes, dtype: type
) -> None:
    pixels: NDArray[Any] = PIXELS.astype(dtype) * (np.iinfo(dtype).max // 255)
    result = read(pixels, profile)
    assert np.array_equal(result.pixels, pixels)
    assert result.profile == profile
    assert result.space is not color.SRGB
    assert result.space is read(pixels, profile).space
    torch.testing.assert_close(result.space.matrix.sum(1), torch.ones(3, dtype=torch.float64))
    lab = imagecodecs.cms_transform(
        pixels, profile, icc("xyz"), colorspace="rgb", outcolorspace="xyz", outdtype="float64"
    )
    y = lab[:, :, 1]
    expected = np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)
    actual = color.lightness(torch.from_numpy(result.pixels), result.space).numpy()
    assert np.abs(actual - expected).max() < 0.1


def test_a_profile_with_another_curve_is_not_srgb() -> None:
    primaries = [0.64, 0.33, 1.0, 0.30, 0.60, 1.0, 0.15, 0.06, 1.0]
    profile = icc("rgb", whitepoint=[0.3127, 0.329, 1.0], primaries=primaries, gamma=2.2)
    space = space_of(profile)
    assert space is not None
    assert space is not color.SRGB
    assert space.curves is not None
    middle = space.curves.shape[1] // 2
    assert space.curves[:, middle].tolist() == pytest.approx([0.5**2.2] * 3, abs=1e-4)


def test_table_based_rgb_becomes_srgb_with_a_notice() -> None:
    profile = table_profile(b"RGB ", 3)
    assert space_of(profile) is None
    result = read(PIXELS, profile)
    assert result.space is color.SRGB
    assert result.profile == srgb_profile()
    assert "table-based" in result.notices[0]
    assert np.ptp(result.pixels.astype(int), axis=2).max() <= 2  # the drawn table is grey


def test_cmyk_by_its_profile() -> None:
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[8:] = 255
    stream = io.BytesIO()
    Image.fromarray(ink, mode="CMYK").save(stream, "JPEG", icc_profile=table_profile(b"CMYK", 4))
    result = photo.read(stream.getvalue(), max_pixels=1000)
    assert result.pixels[0, 0].min() >= 253
    assert result.pixels[15, 0].max() <= 2
    assert result.profile == srgb_profile()
    assert "CMYK" in result.notices[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_with_another_curve_becomes_srgb(dtype: type) -> None:
    highest = np.iinfo(dtype).max
    grey: NDArray[Any] = (PIXELS[:, :, :1] / 255 * highest).astype(dtype)
    result = read(grey, icc("gray", gamma=1.8))
    light = (grey / highest) ** 1.8
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert result.pixels.dtype == dtype
    assert np.abs(result.pixels / highest - encoded).max() < 0.003
    assert result.profile == srgb_profile()
    assert "grey" in result.notices[0]


def test_grey_in_an_rgb_profile_stays_what_it_is() -> None:
    result = read(PIXELS[:, :, :1], icc("adobergb"))
    assert np.array_equal(result.pixels, PIXELS[:, :, :1])
    assert result.profile == icc("adobergb")
    assert result.space is space_of(icc("adobergb"))


@pytest.mark.parametrize("profile", [b"nonsense" * 30, icc("adobergb")[:300], icc("gray")])
def test_a_profile_that_cannot_be_used_is_left_out(profile: bytes) -> None:
    result = read(PIXELS, profile)
    assert result.profile is None
    assert result.space is color.SRGB
    assert np.array_equal(result.pixels, PIXELS)
    assert "profile" in result.notices[0]


def test_our_srgb_profile_holds_no_clock() -> None:
    assert srgb_profile()[24:36].hex() == "07ea00010001000000000000"
    assert space_of(srgb_profile()) is color.SRGB
