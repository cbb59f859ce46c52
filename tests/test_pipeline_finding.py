"""Finding damage: tile by tile, and filled where no mask was drawn."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import fakes
import numpy as np
import pytest
from conftest import scene
from torch.nn import functional as F

from restore.backend import Entry, Finder, Task
from restore.clock import Stopwatch
from restore.errors import BackendError, DeviceError, UsageError
from restore.job import Job, Masking
from restore.masks import Damage, damage_of
from restore.photo import Photo
from restore.pipeline import Restored, Workers, finding, restore
from restore.pipeline.finding import find_damage

ENTRY = Entry("fake", "", (Task.INPAINT,), "", draws=True)


@pytest.fixture(autouse=True)
def network_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Morphology finds nothing, unless a test says otherwise."""

    def nothing(pixels: np.ndarray, least: int = 0) -> Damage:
        return Damage(np.zeros(pixels.shape[:2], bool), 1.0)

    monkeypatch.setattr(finding, "find_lonely", nothing)


def test_what_morphology_finds_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = photo_of(60, 80)
    lonely = np.zeros((60, 80), bool)
    lonely[5:7, 10:30] = True
    asked = []

    def some(pixels: np.ndarray, least: int = 0) -> Damage:
        asked.append((pixels is photo.pixels, least))
        return Damage(lonely, 0.75)

    seen = find_damage(photo, fakes.Seer(), job(threshold=99), Workers(2))
    monkeypatch.setattr(finding, "find_lonely", some)
    both = find_damage(photo, fakes.Seer(), job(threshold=99), Workers(2))
    assert asked == [(True, 99)]
    assert np.array_equal(both.mask, seen.mask | lonely)
    assert not (seen.mask & lonely).any()
    count = int(seen.mask.sum())
    assert both.sure == pytest.approx((seen.sure * count + 0.75 * 40) / (count + 40))


def job(**settings: object) -> Job:
    return Job(Task.INPAINT, ENTRY, None, masking=Masking(**settings))  # type: ignore[arg-type]


def photo_of(height: int, width: int, dtype: type = np.uint8, channels: int = 3) -> Photo:
    """Draw a dim scene with a bright scratch across it."""
    grey = scene(height, width) // 4
    grey[height // 2, 1:] = 250
    pixels = grey[..., None].repeat(channels, -1)
    return Photo(pixels.astype(dtype) * (257 if dtype is np.uint16 else 1), "PNG")


def run(photo: Photo, finder: Finder, **settings: object) -> Restored:
    wanted = job(**settings)
    return restore(photo, fakes.Filler(), wanted, Workers(2), Stopwatch(), finder)


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (7, 5), (65, 64), (300, 201), (40, 500)], ids=str)
@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, 3), (np.uint8, 1), (np.uint16, 3)])
def test_tiles_see_what_the_whole_shows(size: tuple[int, int], dtype: type, channels: int) -> None:
    photo = photo_of(*size, dtype, channels)
    found = find_damage(photo, fakes.Seer(), job(), Workers(2))
    grey = photo.pixels.mean(2) / np.iinfo(dtype).max
    whole = damage_of((grey * 255).round().astype(np.uint8), 128, fakes.Seer.damaged_share)
    assert np.array_equal(found.mask, whole.mask)
    assert found.sure == pytest.approx(whole.sure)


def test_a_large_scan_is_looked_at_reduced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is bright only on average shows when squares of pixels are averaged."""

    class OfSmooth(fakes.Seer):
        def likely(self, picture):  # type: ignore[no-untyped-def]
            flat = -F.max_pool2d(-picture.mean(1, keepdim=True), 3, 1, 1)
            return (flat > 0.4).float()

    photo = photo_of(131, 150)
    checked = np.indices((30, 30)).sum(0) % 2 * 255
    photo.pixels[40:70, 60:90] = checked[..., None]
    for least, times in ((200, 1), (60, 2), (32, 4)):
        monkeypatch.setattr(finding, "LEAST_SIDE", least)
        mask = find_damage(photo, OfSmooth(), job(threshold=100), Workers(2)).mask
        assert mask[44:66, 64:86].all() == (times > 1)
        assert not mask[90:].any()
        alone = find_damage(photo, OfSmooth(), job(threshold=100), Workers(1)).mask
        assert np.array_equal(alone, mask)


def test_what_is_found_is_filled_and_nothing_else() -> None:
    photo = photo_of(120, 150)
    restored = run(photo, fakes.Seer(), write=True)
    mask = restored.maps["mask"]() == 255
    assert mask[60, 1:].all()
    after = restored.render(0)
    assert (after[mask] == 128).all()
    assert np.array_equal(after[~mask], photo.pixels[~mask])
    assert restored.filled is not None
    assert restored.filled.mask == "auto"
    assert restored.filled.sure == pytest.approx(250 / 255, abs=0.01)


def test_the_threshold_is_of_likelihood() -> None:
    photo = photo_of(60, 80)
    photo.pixels[10, 10:40] = 110
    strict, loose = (run(photo, fakes.Seer(), threshold=at, write=True) for at in (128, 100))
    assert not strict.maps["mask"]()[10, 20]
    assert loose.maps["mask"]()[10, 20] == 255
    again = run(photo, fakes.Seer(), threshold=251)
    assert again.unchanged
    assert again.notices == ("no damage found: nothing is filled, every pixel stays",)


def test_damage_everywhere_is_refused() -> None:
    with pytest.raises(UsageError, match="covers the whole photo") as raised:
        run(Photo(np.full((40, 50, 3), 255, np.uint8), "PNG"), fakes.Seer())
    assert raised.value.hint == "raise --threshold, or draw a mask"


@pytest.mark.parametrize("finder", [fakes.SeerOfMore, fakes.SeerOfLess, fakes.BlindSeer])
def test_a_broken_contract_is_named(finder: type[fakes.Seer]) -> None:
    with pytest.raises(BackendError, match="saw damage that cannot be"):
        run(photo_of(40, 40), finder())


def test_out_of_memory_means_fewer_tiles_at_once_then_an_error_and_never_smaller_ones() -> None:
    class OfSmallMemory(fakes.Seer):
        def __init__(self, room: int) -> None:
            self.room, self.sizes, self.lock = room, set(), threading.Lock()

        def likely(self, picture):  # type: ignore[no-untyped-def]
            self.sizes.add(tuple(picture.shape[-2:]))
            if self.room == 0 or not self.lock.acquire(blocking=False):
                raise MemoryError
            time.sleep(0.01)  # so that others come in the meantime
            self.lock.release()
            return super().likely(picture)

    photo = photo_of(200, 150)
    wanted = replace(job(), threads=4)
    expected = find_damage(photo, fakes.Seer(), wanted, Workers(4)).mask
    finder = OfSmallMemory(room=1)
    assert np.array_equal(find_damage(photo, finder, wanted, Workers(4)).mask, expected)
    sizes = finder.sizes
    finder = OfSmallMemory(room=0)
    with pytest.raises(DeviceError, match="not enough memory, even for tiles of 64"):
        find_damage(photo, finder, wanted, Workers(4))
    assert finder.sizes <= sizes
