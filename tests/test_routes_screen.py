from __future__ import annotations

import numpy as np
import pytest
from conftest import scene

from restore.routes import find_peaks, notched, screen
from restore.routes.sampling import Pixels
from restore.routes.screen import descreened, is_screen

HEIGHT, WIDTH = 300, 340


def tones() -> np.ndarray:
    """Draw slow changes of tone: (H, W), levels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    return 120 + 60 * np.sin(4 * x + 1) * np.cos(3 * y)


def dots(picture: np.ndarray, period: float, angle: float) -> np.ndarray:
    """Print a picture (H, W) as black and white dots, in levels."""
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]] * 2 * np.pi / period
    turn = np.deg2rad(angle)
    one, other = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    return np.where(picture > 127.5 + 63.7 * (np.cos(one) + np.cos(other)), 255, 0)


def pixels(plane: np.ndarray, channels: int = 3) -> Pixels:
    return np.repeat(np.clip(np.rint(plane), 0, 255)[..., None], channels, 2).astype(np.uint8)


@pytest.mark.parametrize(("period", "angle"), [(4.0, 45.0), (6.0, 30.0), (8.0, 15.0)])
def test_black_and_white_dots_become_grey_and_keep_their_mean(period: float, angle: float) -> None:
    printed = pixels(dots(tones(), period, angle))
    result = notched(printed, find_peaks(printed))
    assert abs(float(result.mean()) - float(printed.mean())) < 1
    inside = np.s_[16:-16, 16:-16]
    left = result.mean(2)[inside] - tones()[inside]
    assert float(np.sqrt(np.square(left - left.mean()).mean())) < 20  # from 110


def test_softened_dots_are_a_screen_and_pictures_are_none() -> None:
    hard = dots(tones(), 5, 30)
    assert is_screen(pixels(hard), 60)
    assert is_screen(pixels(0.9 * hard + 12), 60)
    assert not is_screen(pixels(hard), 5)  # such a line is no screen's
    assert not is_screen(pixels(tones() + 0.1 * (hard - 127)), 60)
    assert not is_screen(pixels(scene(HEIGHT, WIDTH)), 60)


def test_a_flat_picture_stays() -> None:
    for value in (0, 77, 255):
        flat = np.full((20, 30, 3), value, np.uint8)
        np.testing.assert_array_equal(descreened(flat, 6), flat)


def test_16_bits_are_finer_than_8() -> None:
    printed = pixels(dots(tones(), 6, 30), 1)
    deep: Pixels = printed.astype(np.uint16) * np.uint16(257)
    difference = descreened(deep, 6) / 257 - descreened(printed, 6)
    assert 0.1 < np.abs(difference).max() <= 0.51


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 5)])
def test_tiny_pictures_work(size: tuple[int, int]) -> None:
    picture: Pixels = np.full((*size, 1), 255, np.uint8)
    np.testing.assert_array_equal(descreened(picture, 9), picture)


def test_results_do_not_depend_on_the_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = pixels(dots(tones(), 6, 30))
    whole = descreened(printed, 6)
    rows = [(top, min(top + 7, HEIGHT)) for top in range(0, HEIGHT, 7)]
    monkeypatch.setattr(screen, "strips", lambda height, width: iter(rows))
    np.testing.assert_array_equal(descreened(printed, 6), whole)
