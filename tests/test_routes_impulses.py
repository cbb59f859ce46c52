from __future__ import annotations

import io

import numpy as np
import pytest
from conftest import scene
from PIL import Image, ImageDraw, ImageFont

from restore.routes import Route, detect, impulses
from restore.routes.impulses import despeckled, impulses_in
from restore.routes.sampling import Pixels


def colour(height: int = 150, width: int = 200) -> Pixels:
    return np.stack([scene(height, width, seed) for seed in range(3)], axis=2)


def speckled(pixels: Pixels, share: float, seed: int = 0) -> Pixels:
    """Make pixels black or white, each channel by itself."""
    drawn = np.random.default_rng(seed).random(pixels.shape)
    noisy = pixels.copy()
    noisy[drawn > 1 - share / 2] = np.iinfo(pixels.dtype).max
    noisy[drawn < share / 2] = 0
    return noisy


def text(size: int, paper: int = 255, ink: int = 0) -> Pixels:
    """Print a page of text, with smooth edges, at a size of the font in pixels."""
    page = Image.new("L", (360, 300), paper)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size)
    for line, y in enumerate(range(6, 300, round(1.4 * size))):
        words = "The quick brown fox jumps over the lazy dog, i.e. 0123456789; " * 4
        draw.text((6, y), words[7 * line % 60 :], fill=ink, font=font)
    return np.asarray(page)[..., None]


def compressed(page: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(page[..., 0]).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))[..., None]


def error(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other.astype(float)) ** 2)))


def as_16_bits(pixels: Pixels) -> Pixels:
    return pixels.astype(np.uint16) * np.uint16(257)


@pytest.mark.parametrize("share", [0.02, 0.1])
def test_impulses_are_counted(share: float) -> None:
    grey = colour()[..., :1]
    assert share / 2 < impulses_in(speckled(grey, share)).share < 1.1 * share


def test_a_clean_picture_has_none() -> None:
    assert impulses_in(colour()).share == 0


def test_clipped_skies_borders_and_lines_are_no_impulses() -> None:
    picture = colour()
    picture[:40] = 255
    picture[40:43, ::2] = 255  # twigs before the sky
    picture[-6:] = 0
    picture[:, :1] = 0
    picture[60:90, 50] = 0
    assert impulses_in(picture).share < 1e-3


def test_stars_are_no_impulses() -> None:
    sky = np.zeros((120, 120, 1))
    places = np.random.default_rng(0).integers(5, 115, (80, 2))
    for y, x in places:
        sky[y - 1 : y + 2, x - 1 : x + 2] += np.array([[[60], [130], [60]]] * 3)
        sky[y, x] = 255
    stars = np.clip(sky + 20, 0, 255).astype(np.uint8)
    assert impulses_in(stars).share < 5e-4


def stars_over_snow() -> Pixels:
    """Draw points of light in a night sky, each a single white pixel, above a bright ground."""
    random = np.random.default_rng(0)
    picture = np.full((200, 200, 1), 25.0)
    picture[100:] = 215
    picture += random.normal(0, 3, picture.shape)
    picture[random.integers(0, 95, 60), random.integers(0, 200, 60)] = 255
    return np.clip(picture, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [0.001, 0.002, 0.005])
def test_a_few_impulses_stand_against_bright_and_against_dark(share: float) -> None:
    wide = np.concatenate([colour(), 255 - colour()]).repeat(2, 0).repeat(2, 1)
    assert impulses_in(wide).opposed == 0
    assert impulses_in(speckled(wide, share)).opposed > 0.3 * share / 2


def test_the_detector_sends_a_few_to_the_median() -> None:
    wide = np.concatenate([colour(), 255 - colour()]).repeat(2, 0).repeat(2, 1)
    assert detect(speckled(wide, 0.002), None).route is Route.MEDIAN
    assert detect(wide, None).route is not Route.MEDIAN
    assert detect(stars_over_snow(), None).route is not Route.MEDIAN


def test_specks_of_one_kind_are_not_opposed() -> None:
    stars = stars_over_snow()
    assert impulses_in(stars).share > 1e-3
    assert impulses_in(stars).opposed == 0
    assert impulses_in(255 - stars).opposed == 0
    both = stars.copy()
    both[110:200:9, ::9] = 0
    assert impulses_in(both).opposed > 1e-3


@pytest.mark.parametrize("size", [7, 13, 18])
@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255), (225, 0)])
def test_text_is_no_impulses(size: int, paper: int, ink: int) -> None:
    page = text(size, paper, ink)
    for printed in (page, compressed(page, 85)):
        found = impulses_in(printed)
        assert found.share < 0.002
        assert found.opposed == 0
        assert detect(printed, None).route is not Route.MEDIAN


@pytest.mark.parametrize("black", [True, False])
def test_specks_of_one_kind_on_a_photograph_are_found(black: bool) -> None:
    picture = colour()
    drawn = np.random.default_rng(0).random(picture.shape[:2]) < 0.02
    picture[drawn] = 0 if black else 255
    assert detect(picture, None).route is Route.MEDIAN


@pytest.mark.parametrize("size", [13, 28])
def test_strokes_stay_where_specks_go(size: int) -> None:
    page = text(size, paper=225)
    few = speckled(page, 0.003)
    result = despeckled(few)
    assert (result != page).mean() < 0.02  # most strokes are as thin as specks
    assert error(result, page) < 15
    many = speckled(page, 0.5)
    assert error(despeckled(many), page) < 0.6 * error(many, page)


@pytest.mark.parametrize("sigma", [25, 50, 75])
def test_the_tails_of_gaussian_noise_are_hardly_opposed(sigma: float) -> None:
    noise = np.random.default_rng(1).normal(0, sigma, (400, 400, 3))
    noisy = np.clip(colour(400, 400) + noise, 0, 255).astype(np.uint8)
    assert impulses_in(noisy).opposed < 5e-5


def test_strong_gaussian_noise_has_few_impulses() -> None:
    noise = np.random.default_rng(1).normal(0, 50, (200, 200, 3))
    noisy = np.clip(colour(200, 200) + noise, 0, 255).astype(np.uint8)
    assert impulses_in(noisy).share < 0.004


@pytest.mark.parametrize(("share", "most"), [(0.05, 3.0), (0.2, 5.0), (0.5, 11.0)])
def test_despeckling_brings_the_picture_back(share: float, most: float) -> None:
    clean = colour()
    noisy = speckled(clean, share)
    assert error(despeckled(noisy), clean) < most < error(noisy, clean) / 4


def test_only_impulses_change() -> None:
    noisy = speckled(colour(), 0.1)
    changed = despeckled(noisy) != noisy
    assert changed.any()
    assert np.isin(noisy[changed], [0, 1, 2, 253, 254, 255]).all()


def test_a_clean_picture_keeps_its_bits() -> None:
    picture = colour()
    picture[:40] = 255
    np.testing.assert_array_equal(despeckled(picture), picture)


def test_hairlines_stay_where_impulses_are_few() -> None:
    clean = np.full((100, 100, 1), 120, np.uint8)
    clean[10:90, 50] = 0
    result = despeckled(speckled(clean, 0.02))
    assert (result[12:88, 50] == 0).mean() > 0.9


def test_salt_is_seen_in_a_black_border() -> None:
    picture = np.zeros((40, 40, 1), np.uint8)
    picture[20, 20] = picture[0, 0] = 255
    assert despeckled(picture).max() == 0


def test_16_bits_give_what_8_bits_give() -> None:
    noisy = speckled(colour(), 0.1)
    assert impulses_in(as_16_bits(noisy)) == impulses_in(noisy)
    difference = despeckled(as_16_bits(noisy)) / 257 - despeckled(noisy)
    assert np.abs(difference).max() <= 0.5


def test_results_do_not_depend_on_the_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy = speckled(colour(), 0.5)
    whole = despeckled(noisy)
    rows = [(top, min(top + 7, len(noisy))) for top in range(0, len(noisy), 7)]
    monkeypatch.setattr(impulses, "strips", lambda height, width: iter(rows))
    np.testing.assert_array_equal(despeckled(noisy), whole)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 5), (9, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_pictures_work(size: tuple[int, int], channels: int) -> None:
    for value in (0, 100, 255):
        picture = np.full((*size, channels), value, np.uint8)
        assert impulses_in(picture).share == 0
        np.testing.assert_array_equal(despeckled(picture), picture)
