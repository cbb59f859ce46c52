"""The noise's level all over a photo: measured or told, summed up, and shown to a backend."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import fakes
import numpy as np
import pytest
import torch
from conftest import scene
from tiny import denoiser_net
from torch.nn import functional as F

from restore.backend import LEVEL_CELL, MeasuresNoise, Shown, Task
from restore.backends.autoencoder import AutoencoderDenoiser
from restore.errors import BackendError, UsageError
from restore.job import NoiseMapFile
from restore.photo import Photo
from restore.pipeline import Workers, levels
from restore.pipeline.levels import LEVELS, LevelMap


class CellMeans(fakes.Smoother):
    """Measures, as the noise of a cell, half the mean of its pixels: every place can be told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def levels(self, shown: Shown) -> torch.Tensor:
        self.seen.append((shown.picture.shape[2], shown.picture.shape[3]))
        return F.avg_pool2d(shown.picture, LEVEL_CELL) / 2


def photo_of(height: int, width: int, channels: int = 3) -> Photo:
    """Draw a photo whose noise is stronger to the right."""
    clean = scene(height, width)[..., None].repeat(channels, -1).astype(float)
    noise = np.random.default_rng(5).normal(0, 1, clean.shape) * np.linspace(2, 30, width)[:, None]
    return Photo((clean + noise).round().clip(0, 255).astype(np.uint8), "PNG")


def cell_means(photo: Photo) -> torch.Tensor:
    """Average the cells of a photo, its last rows and columns repeated to whole cells."""
    height, width = photo.pixels.shape[:2]
    pad = ((0, -height % LEVEL_CELL), (0, -width % LEVEL_CELL), (0, 0))
    whole = np.pad(photo.pixels.astype(np.float64), pad, mode="edge") / 255
    rows, columns = whole.shape[0] // LEVEL_CELL, whole.shape[1] // LEVEL_CELL
    means = whole.reshape(rows, LEVEL_CELL, columns, LEVEL_CELL, -1).mean((1, 3))
    return torch.from_numpy(means.transpose(2, 0, 1)).float().expand(3, -1, -1)


# Measured


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (7, 30), (64, 96), (150, 333), (530, 21)])
def test_every_cell_is_measured_in_its_place(size: tuple[int, int], channels: int) -> None:
    photo = photo_of(*size, channels)
    found = levels.measured(photo, CellMeans(), Workers(2))
    expected = cell_means(photo)
    torch.testing.assert_close(found.level, expected / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.brightness, expected.mean(0), atol=1e-5, rtol=0)


def in_tiles(
    photo: Photo, backend: MeasuresNoise, tile: int, patch: pytest.MonkeyPatch
) -> LevelMap:
    patch.setattr(levels, "TILE", tile)
    return levels.measured(photo, backend, Workers(2))


@pytest.mark.parametrize("tile", [112, 128, 208])
def test_the_size_of_tiles_does_not_matter(
    tile: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = photo_of(250, 333)
    weights = denoiser_net(tmp_path)
    cpu = torch.device("cpu")
    backend = AutoencoderDenoiser.load(Task.DENOISE, weights, {}, cpu, torch.float32)
    for measures in (backend, CellMeans()):
        whole = in_tiles(photo, measures, 1024, monkeypatch)
        tiled = in_tiles(photo, measures, tile, monkeypatch)
        assert whole.level.std() > 1e-4
        torch.testing.assert_close(tiled.level, whole.level, atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(tiled.brightness, whole.brightness)


def test_no_tile_is_larger_than_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = CellMeans()
    in_tiles(photo_of(250, 333), backend, 128, monkeypatch)
    assert len(backend.seen) > 20
    assert max(max(size) for size in backend.seen) <= 128
    assert all(height % LEVEL_CELL == width % LEVEL_CELL == 0 for height, width in backend.seen)


def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "TILE", 128)
    photo = photo_of(200, 210)
    one, many = (levels.measured(photo, CellMeans(), Workers(n)) for n in (1, 4))
    assert torch.equal(one.level, many.level)


def test_what_cannot_be_a_level_is_refused() -> None:
    with pytest.raises(BackendError, match="measured noise that cannot be"):
        levels.measured(photo_of(20, 20), fakes.WrongLevels(), Workers(1))


def test_more_than_noise_can_have_is_no_estimate() -> None:
    loud = fakes.Smoother()
    loud.level = 300 / 255
    found = levels.measured(photo_of(64, 64), loud, Workers(1))
    assert found.is_beyond
    assert found.level.max() * LEVELS == pytest.approx(128)
    assert not levels.measured(photo_of(64, 64), fakes.Smoother(), Workers(1)).is_beyond


# Told


@pytest.mark.parametrize("size", [(1, 1), (64, 96), (50, 33)])
def test_a_told_number_is_everywhere(size: tuple[int, int]) -> None:
    told = levels.told(photo_of(*size), 51.0)
    assert told.level.shape == (3, -(-size[0] // 8), -(-size[1] // 8))
    assert told.brightness.shape == told.level.shape[1:]
    torch.testing.assert_close(told.level, torch.full_like(told.level, 0.2))


def test_a_told_map_is_averaged_in_its_cells() -> None:
    photo = photo_of(50, 33, channels=1)
    given = NoiseMapFile("map.png", "0" * 64, photo.pixels[..., 0].astype(np.float32))
    told = levels.told(photo, given)
    torch.testing.assert_close(told.level, cell_means(photo), atol=1e-6, rtol=1e-4)


def test_a_told_map_of_another_size_is_refused() -> None:
    given = NoiseMapFile("map.png", "0" * 64, np.zeros((33, 50), np.float32))
    with pytest.raises(UsageError, match=r"map\.png is 50 x 33 pixels, the photo is 33 x 50"):
        levels.told(photo_of(50, 33), given)


# Summed up


def a_map(level: torch.Tensor, brightness: torch.Tensor) -> LevelMap:
    """Make a map of levels (h, w) in 8-bit levels, a half as strong in green, twice in blue."""
    channels = torch.tensor([1.0, 0.5, 2.0])[:, None, None]
    return LevelMap(level / LEVELS * channels, brightness, torch.zeros_like(brightness))


def two_halves() -> LevelMap:
    """Dark at the left with a level of 4, bright at the right with 12; one cell is off."""
    level, brightness = torch.full((10, 20), 4.0), torch.full((10, 20), 0.2)
    level[:, 10:], brightness[:, 10:] = 12, 0.8
    level[3, 3] = 200
    return a_map(level, brightness)


def test_the_typical_level_of_each_channel_heeds_no_outliers() -> None:
    level = torch.full((5, 5), 10.0)
    level[0] = 100  # an edge that was taken for noise
    assert a_map(level, torch.rand(5, 5)).typical == (10.0, 5.0, 20.0)


def test_levels_are_told_by_brightness() -> None:
    mean = (1 + 0.5 + 2) / 3
    # A brightness of 0.2 is in the fourth of 16 parts, 0.8 in the thirteenth.
    expected = [(56.0, round(4 * mean, 2)), (199.0, round(12 * mean, 2))]
    found = two_halves().by_brightness()
    assert [at for at, _ in found] == [at for at, _ in expected]
    assert [level for _, level in found] == pytest.approx([level for _, level in expected])


def test_brightness_that_few_cells_have_says_nothing() -> None:
    brightness = torch.full((20, 20), 0.5)
    brightness.view(-1)[:7] = 0.1
    brightness.view(-1)[10:18] = 1.0  # enough, and the brightest there is
    found = a_map(torch.full((20, 20), 4.0), brightness).by_brightness()
    assert [at for at, _ in found] == [135.0, 247.0]


def test_a_uniform_map_has_the_typical_level_everywhere() -> None:
    made = two_halves()
    uniform = made.uniform()
    assert uniform.level.shape == made.level.shape
    assert uniform.typical == made.typical
    assert torch.equal(uniform.level, uniform.level[:, :1, :1].expand_as(uniform.level))
    assert torch.equal(uniform.brightness, made.brightness)


def test_a_map_of_brightness_keeps_what_brightness_explains() -> None:
    made = two_halves()
    found = made.of_brightness().level * LEVELS
    usual = torch.tensor([4.0, 12.0]).repeat_interleave(10).expand(10, 20)
    expected = usual * torch.tensor([1.0, 0.5, 2.0])[:, None, None]
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=0)  # the cell that was off too


def test_a_map_of_brightness_is_linear_between_and_level_beyond() -> None:
    brightness = torch.linspace(0, 1, 400).reshape(20, 20)
    level = (0.01 + 0.1 * brightness).expand(3, -1, -1)
    made = LevelMap(level, brightness, torch.zeros_like(brightness))
    found = made.of_brightness().level
    middle = (brightness > 1 / 32) & (brightness < 31 / 32)
    torch.testing.assert_close(found[:, middle], made.level[:, middle], atol=2e-3, rtol=0)
    for beyond in (brightness < 1 / 32, brightness > 31 / 32):
        assert np.ptp(found[0][beyond].numpy()) == 0


def test_of_too_few_cells_the_map_of_brightness_is_uniform() -> None:
    small = a_map(torch.tensor([[3.0, 4.0, 5.0]]), torch.tensor([[0.1, 0.5, 0.9]]))
    assert small.by_brightness() == []
    assert torch.equal(small.of_brightness().level, small.uniform().level)


def test_no_noise_stays_no_noise() -> None:
    none = a_map(torch.zeros(10, 10), torch.rand(10, 10))
    assert none.typical == (0.0, 0.0, 0.0)
    assert not none.of_brightness().level.any()
    assert not none.uniform().level.any()


def test_where_noise_is_clipped_does_not_count_as_typical() -> None:
    level, brightness = torch.full((4, 10), 20.0), torch.full((4, 10), 0.5)
    level[:, :6], brightness[:, :6] = 6, 0.99  # a white sky
    assert a_map(level, brightness).typical == (20.0, 10.0, 40.0)
    white = torch.full((4, 10), 0.99)
    assert a_map(level, white).typical == (6.0, 3.0, 12.0)  # nothing else to go by


def test_noise_is_quiet_where_it_is_weakest() -> None:
    level = torch.full((4, 10), 30.0)
    level[:, :2] = 6
    assert a_map(level, torch.full((4, 10), 0.5)).quiet == pytest.approx(6 * 3.5 / 3)
    level[:, 2:] = 60
    assert a_map(level, torch.full((4, 10), 0.5)).quiet == pytest.approx(6 * 3.5 / 3)


def test_what_is_typical_is_read_where_the_photo_is_flat() -> None:
    level, contrast = torch.full((4, 10), 6.0), torch.full((4, 10), 0.02)
    level[:, 5:], contrast[:, 5:] = 0.5, 0.3  # noise that texture hides
    flat = a_map(level, torch.full((4, 10), 0.5))
    assert replace(flat, contrast=contrast).typical == (6.0, 3.0, 12.0)
    assert flat.typical == (0.5, 0.25, 1.0)
