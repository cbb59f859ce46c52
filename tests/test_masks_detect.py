"""Scratches and dust: found where they are, and not where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from restore.masks import detect, find_lonely
from restore.masks.detect import KINDS, things_in

SCRATCHES, DUST = KINDS


def ground(height: int = 256, width: int = 320, noise: float = 3.0) -> np.ndarray:
    """Draw soft light with some grain: (H, W) float, 8-bit levels."""
    y, x = np.mgrid[0:height, 0:width]
    random = np.random.default_rng(0)
    return 125 + 45 * np.sin(x / 60) * np.cos(y / 45) + random.normal(0, noise, (height, width))


def photo(grey: np.ndarray, dtype: type = np.uint8, channels: int = 3) -> np.ndarray:
    scaled = grey.clip(0, 255) * (257 if dtype is np.uint16 else 1)
    return scaled.round().astype(dtype)[..., None].repeat(channels, -1)


def scratch(size: tuple[int, int] = (256, 320)) -> np.ndarray:
    """Draw a slightly bent scratch, three pixels wide: (H, W) bool."""
    mask = np.zeros(size, bool)
    rows = np.arange(15, size[0] - 15)
    columns = (size[1] / 2 + 12 * np.sin(rows / 60)).astype(int)
    for offset in (-1, 0, 1):
        mask[rows, columns + offset] = True
    return mask


@pytest.mark.parametrize("paint", [250.0, 5.0])
@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, 3), (np.uint8, 1), (np.uint16, 3)])
def test_a_scratch_is_found(paint: float, dtype: type, channels: int) -> None:
    truth, grey = scratch(), ground()
    grey[truth] = paint
    found = find_lonely(photo(grey, dtype, channels))
    assert found.mask[truth].mean() > 0.95
    assert (found.mask & ~truth).sum() < 1.2 * truth.sum()  # its edges
    assert 0.5 < found.sure <= 1


def test_a_judge_can_be_asked_to_be_surer() -> None:
    grey = ground()
    grey[scratch()] = 250
    found = find_lonely(photo(grey))
    assert np.array_equal(find_lonely(photo(grey), 60).mask, found.mask)
    assert not find_lonely(photo(grey), 255).mask.any()


def test_bright_and_dark_ones_are_found_together() -> None:
    grey = ground()
    grey[:, 100:102], grey[60:62, 120:] = 240, 10
    found = find_lonely(photo(grey)).mask
    assert found[10:50, 100:102].mean() > 0.9
    assert found[60:62, 140:300].mean() > 0.9


@pytest.mark.parametrize("noise", [0.0, 2.0, 12.0, 30.0])
def test_light_and_grain_are_left_alone(noise: float) -> None:
    found = find_lonely(photo(ground(noise=noise)))
    assert found.mask.mean() < 0.0005


def test_dust_is_found() -> None:
    random, truth = np.random.default_rng(1), np.zeros((256, 320), bool)
    for y, x in random.integers(10, 240, (12, 2)):
        truth[y : y + 4, x : x + 5] = True
    grey = ground(noise=1)
    grey[truth] = 245
    found = find_lonely(photo(grey)).mask
    assert found[truth].mean() > 0.8
    assert found.sum() < 4 * truth.sum()


@pytest.mark.parametrize("strength", [60.0, 200.0])
def test_texture_is_left_alone(strength: float) -> None:
    """Grass, or hair: thin things, but many."""
    blades = np.random.default_rng(0).normal(0, 1, (271, 320))
    grown = sum(blades[n : n + 256] for n in range(16)) / 4
    assert find_lonely(photo(ground() + strength / 2 * grown)).mask.mean() < 0.001


def test_what_is_wider_than_the_square_is_left_alone() -> None:
    grey = ground()
    grey[50:65, 30:290] = 240
    assert not find_lonely(photo(grey)).mask[53:62, 50:270].any()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 4), (70, 9)])
def test_any_size_is_looked_at(size: tuple[int, int]) -> None:
    found = find_lonely(np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8))
    assert found.mask.shape == size
    assert 0 <= found.sure <= 1


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    grey = ground(600, 200)
    grey[scratch((600, 200))] = 250
    whole = find_lonely(photo(grey))
    monkeypatch.setattr(detect, "STRIP", 1)
    by_strips = find_lonely(photo(grey))
    assert np.array_equal(by_strips.mask, whole.mask)
    assert by_strips.sure == pytest.approx(whole.sure)


def test_turning_a_photo_turns_what_is_found() -> None:
    grey = ground()
    grey[scratch()] = 250
    found = find_lonely(photo(grey)).mask
    turned = find_lonely(photo(np.ascontiguousarray(grey[::-1, ::-1]))).mask[::-1, ::-1]
    assert (found != turned).mean() < 0.001


def test_a_thing_is_measured_as_it_is_shaped() -> None:
    grey = np.full((100, 100), 100, np.uint8)
    grey[40:43, 10:90] = 200
    things, none = things_in(grey, SCRATCHES)
    assert things.groups.count == 1
    area, length, width = np.exp(things.measures[0, :3])
    assert (area, length, width) == pytest.approx((240, 80, 3), rel=0.01)
    assert none.groups.count == 0
    assert 0 < SCRATCHES.likely(things)[0] < 1
    assert not DUST.likely(things_in(grey, DUST)[0]).any()  # it is too long
