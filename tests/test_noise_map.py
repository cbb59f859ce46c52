"""A map of noise that a person gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from restore import defaults, files
from restore.batch import read_noise_map
from restore.errors import InputError, UsageError
from restore.job import MAP_UNIT

# A person's map


def saved(path: Path, values: np.ndarray) -> str:
    Image.fromarray(values).save(path)
    return str(path)


def test_a_map_of_8_bits_counts_levels(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 129, (5, 7), np.uint8)
    name = saved(tmp_path / "map.png", values)
    found = read_noise_map(name, defaults.MAX_PIXELS)
    assert found.levels.dtype == np.float32
    assert np.array_equal(found.levels, values)
    assert found.name == "map.png"
    assert found.sha256 == hashlib.sha256(Path(name).read_bytes()).hexdigest()
    assert str(found) == f"map.png sha256:{files.sha256_of(Path(name))}"


def test_a_map_of_16_bits_counts_parts_of_levels(tmp_path: Path) -> None:
    values = np.array([[0, MAP_UNIT // 2], [MAP_UNIT, 25 * MAP_UNIT]], np.uint16)
    found = read_noise_map(saved(tmp_path / "map.png", values), defaults.MAX_PIXELS)
    assert found.levels.tolist() == [[0, 0.5], [1, 25]]


@pytest.mark.parametrize(("dtype", "unit"), [(np.uint8, 1), (np.uint16, MAP_UNIT)])
def test_a_map_has_no_level_that_a_number_may_not_be(
    tmp_path: Path, dtype: type, unit: int
) -> None:
    values = np.full((4, 4), 128 * unit, dtype)
    name = saved(tmp_path / "map.png", values)
    assert read_noise_map(name, defaults.MAX_PIXELS).levels.max() == 128
    values[2, 3] += 1
    with pytest.raises(UsageError, match=r"map\.png has levels up to .* range 0 to 128"):
        read_noise_map(saved(tmp_path / "map.png", values), defaults.MAX_PIXELS)


def test_a_map_in_rgb_may_be_grey_but_not_coloured(tmp_path: Path) -> None:
    grey = np.full((4, 4, 3), 20, np.uint8)
    found = read_noise_map(saved(tmp_path / "grey.png", grey), defaults.MAX_PIXELS)
    assert (found.levels == 20).all()
    grey[2, 3, 1] = 21
    with pytest.raises(InputError, match=r"colour\.png has colours"):
        read_noise_map(saved(tmp_path / "colour.png", grey), defaults.MAX_PIXELS)


def absent(path: Path) -> None:
    pass


def no_picture(path: Path) -> None:
    path.write_text("no picture", encoding="utf-8")


def too_large(path: Path) -> None:
    saved(path, np.zeros((11, 10), np.uint8))


@pytest.mark.parametrize("write", [absent, no_picture, too_large])
def test_a_map_that_cannot_be_read_is_named(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "map.png"
    write(path)
    with pytest.raises(InputError, match=r"^noise map .*map\.png: ") as caught:
        read_noise_map(str(path), max_pixels=100)
    assert "--sigma" in caught.value.hint
