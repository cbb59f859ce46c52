from __future__ import annotations

import numpy as np
import pytest
from conftest import scene
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from restore.routes import Lines, Route, detect, find_lines, find_peaks, rows, straightened
from restore.routes.sampling import Pixels

HEIGHT, WIDTH = 300, 360


def clean(channels: int = 3, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    return np.stack([scene(height, width, seed) for seed in range(channels)], axis=2)


def uneven(pixels: Pixels, deviation: float, axis: int) -> Pixels:
    """Add a random offset, in 8-bit levels, to each row (axis 0) or column."""
    full = np.iinfo(pixels.dtype).max
    offsets = np.random.default_rng(3).normal(0, deviation, pixels.shape[axis]) * full / 255
    added = pixels + np.expand_dims(offsets, (1 - axis, 2))
    return np.clip(np.rint(added), 0, full).astype(pixels.dtype)


def found_in(pixels: Pixels) -> tuple[Lines, ...]:
    return find_lines(pixels, find_peaks(pixels))


def error(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other.astype(float)) ** 2)))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("deviation", [2.0, 5.0])
def test_offsets_are_found_and_taken_out(axis: int, deviation: float) -> None:
    picture = uneven(clean(), deviation, axis)
    (found,) = found_in(picture)
    assert found.axis == axis
    assert found.deviation == pytest.approx(deviation, rel=0.25)
    assert error(straightened(picture, (found,)), clean()) < 0.7 * deviation


def test_rows_and_columns_are_told_apart_and_both_found() -> None:
    picture = uneven(uneven(clean(), 4, 0), 4, 1)
    assert [one.axis for one in found_in(picture)] == [0, 1]


def test_the_detector_says_so() -> None:
    found = detect(uneven(clean(), 4, 0), None)
    assert (found.route, found.kind, found.peaks) == (Route.NOTCH, "periodic", ())
    assert found.reason.startswith("rows differ by ")
    assert found.reason.endswith(" levels at random, from edge to edge")


def test_clean_and_noisy_pictures_have_none() -> None:
    assert found_in(clean()) == ()
    for sigma in (5, 25, 50):
        noise = np.random.default_rng(sigma).normal(0, sigma, (HEIGHT, WIDTH, 3))
        noisy = np.clip(clean() + noise, 0, 255).astype(np.uint8)
        assert found_in(noisy) == ()


@pytest.mark.parametrize("size", [8, 11, 13])
def test_rows_of_text_are_none(size: int) -> None:
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for line, y in enumerate(range(6, HEIGHT, round(1.35 * size))):
        words = "The quick brown fox jumps over the lazy dog. 0123456789 " * 4
        draw.text((6, y), words[7 * line % 50 :], fill=0, font=font)
    soft = np.asarray(page.filter(ImageFilter.GaussianBlur(0.8)))
    scan = (0.8 * soft + 35).astype(np.uint8)[..., None]
    assert found_in(scan) == ()
    assert found_in(scan.swapaxes(0, 1)) == ()
    assert found_in(uneven(scan, 5, 1)) != ()


def test_slopes_stripes_and_horizons_are_none() -> None:
    y = np.arange(HEIGHT)[:, None, None]
    for slope in (0.1, 0.3, 0.5, 0.9):
        sky = np.broadcast_to(slope / 2 * y + 50, (HEIGHT, WIDTH, 3))
        assert found_in(np.rint(sky).astype(np.uint8)) == ()
    picture = clean()
    picture[140:] //= 2
    picture[::20] = 30  # a shutter
    assert found_in(picture) == ()
    assert error(straightened(picture, (Lines(0, 2.0),)), picture) < 2


@pytest.mark.parametrize("period", [2.5, 4, 7, 11, 18])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_wave_across_the_lines_is_not_random(period: float, axis: int) -> None:
    wave = 8 * np.sin(2 * np.pi / period * np.arange(clean().shape[axis]))
    banded = clean() + np.expand_dims(wave, (1 - axis, 2))
    found = detect(np.clip(np.rint(banded), 0, 255).astype(np.uint8), None)
    assert found.route is Route.NOTCH
    assert found.peaks


def test_offsets_of_a_small_photo_have_a_line_by_chance_and_are_random_still() -> None:
    offsets = np.random.default_rng(1).normal(0, 5, (200, 1, 1))
    picture = np.clip(np.rint(clean(3, 200, 240) + offsets), 0, 255).astype(np.uint8)
    assert find_peaks(picture)
    assert found_in(picture)


def test_what_is_clipped_stays() -> None:
    picture = uneven(clean(), 4, 0)
    picture[:, :60] = 255
    picture[:, -60:] = 0
    result = straightened(picture, (Lines(0, 4.0),))
    assert (result[:, :60] == 255).all()
    assert (result[:, -60:] == 0).all()


def test_16_bits_give_what_8_bits_give() -> None:
    fine = uneven(clean(1).astype(np.uint16) * np.uint16(257), 4, 0)
    (found,) = found_in(fine)
    assert found.deviation == pytest.approx(4, rel=0.25)
    result = straightened(fine, (found,))
    assert result.dtype == np.uint16
    assert error(result, clean(1).astype(np.uint16) * np.uint16(257)) < 2 * 257


def test_without_offsets_nothing_changes() -> None:
    picture = clean()
    np.testing.assert_array_equal(straightened(picture, ()), picture)


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (127, 400)])
def test_what_is_too_small_has_none(size: tuple[int, int]) -> None:
    picture = uneven(clean(3, *size), 4, 0)
    assert found_in(picture) == ()
    assert straightened(picture, (Lines(0, 4.0), Lines(1, 4.0))).shape == picture.shape


@pytest.mark.parametrize("axis", [0, 1])
def test_results_do_not_depend_on_the_strips(monkeypatch: pytest.MonkeyPatch, axis: int) -> None:
    picture = uneven(clean(), 4, axis)
    whole = straightened(picture, (Lines(axis, 4.0),))
    cut = [(top, min(top + 7, HEIGHT)) for top in range(0, HEIGHT, 7)]
    monkeypatch.setattr(rows, "strips", lambda height, width: iter(cut))
    np.testing.assert_array_equal(straightened(picture, (Lines(axis, 4.0),)), whole)
