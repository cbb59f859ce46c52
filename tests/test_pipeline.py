"""The pipeline with fakes of every geometry, and with backends that break their contract."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fakes
import numpy as np
import pytest
import torch
from conftest import scene

from restore import color, device
from restore.backend import Backend, Entry, Outcome, Shown, Task
from restore.clock import Stopwatch
from restore.errors import BackendError, DeviceError, UsageError
from restore.job import Job, PixelHint
from restore.photo import Photo
from restore.pipeline import Interrupted, Restored, Workers, restore


def grey(height: int, width: int, dtype: type = np.uint8) -> Photo:
    pixels = scene(height, width)[..., None]
    return Photo(pixels.astype(dtype) * (257 if dtype is np.uint16 else 1), "PNG")


def run(photo: Photo, backend: Backend, task: Task = Task.COLORIZE, **settings: object) -> Restored:
    entry = Entry("fake", "", (task,), "", draws=True)
    job = Job(task, entry, None, **settings)  # type: ignore[arg-type]
    return restore(photo, backend, job, Workers(2), Stopwatch())


def lightness(pixels: np.ndarray) -> torch.Tensor:
    return color.lightness(torch.from_numpy(pixels))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 5), (65, 64), (300, 201), (40, 1000)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("backend", [fakes.Painter(), fakes.Hostile()], ids=["chroma", "rgb"])
def test_lightness_stays(size: tuple[int, int], dtype: type, backend: Backend) -> None:
    photo = grey(*size, dtype)
    pixels = run(photo, backend).render(0)
    assert pixels.shape == (*size, 3)
    assert pixels.dtype == dtype
    assert (lightness(pixels) - lightness(photo.pixels)).abs().max() <= 100 / 255
    if size == (65, 64):
        assert np.ptp(pixels.astype(int), axis=2).max() > 20  # and there is colour


def test_threads_and_company_change_nothing() -> None:
    photo, backend = grey(300, 220), fakes.Painter()
    one = run(photo, backend, samples=1).render(0)
    entry = Entry("fake", "", (Task.COLORIZE,), "", draws=True)
    job = Job(Task.COLORIZE, entry, None, samples=3)
    many = restore(photo, backend, job, Workers(7), Stopwatch())
    assert np.array_equal(one, many.render(0))
    assert not np.array_equal(one, many.render(1))


def test_the_seed_decides() -> None:
    photo, backend = grey(64, 64), fakes.Painter()
    first, again, other = (run(photo, backend, seed=seed).render(0) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_tile_size_changes_at_most_a_level() -> None:
    photo = grey(150, 101)
    whole = fakes.Leveller()
    whole.limits = fakes.Limits(multiple_of=4, minimum=8, tile=400, overlap=4, overview=16)
    expected = run(photo, whole, Task.DENOISE).render(0).astype(int)
    tiled = run(photo, fakes.Leveller(), Task.DENOISE).render(0).astype(int)
    assert np.abs(tiled - expected).max() <= 1


def test_out_of_memory_means_smaller_tiles() -> None:
    photo = grey(50, 40)
    expected = run(photo, fakes.Leveller(), Task.DENOISE).render(0).astype(int)
    small = run(photo, fakes.SmallMemory(), Task.DENOISE).render(0).astype(int)
    assert np.abs(small - expected).max() <= 1
    with pytest.raises(DeviceError, match="not enough memory"):
        run(photo, fakes.NoMemory(), Task.DENOISE)


@pytest.mark.parametrize("take", [torch.empty, np.empty])
def test_a_cpu_without_memory_means_smaller_tiles_too(take: Callable[[int], object]) -> None:
    class SmallProcessor(fakes.Leveller):
        def restore(self, shown: Shown, *rest: Any) -> Outcome:
            if max(shown.picture.shape[-2:]) > 16:
                take(1 << 58)
            return super().restore(shown, *rest)

    photo = grey(50, 40)
    expected = run(photo, fakes.Leveller(), Task.DENOISE).render(0).astype(int)
    small = run(photo, SmallProcessor(), Task.DENOISE).render(0).astype(int)
    assert np.abs(small - expected).max() <= 1


class Counting(fakes.Leveller):
    """Counts how many of its tiles are worked on at once; more than it holds are too many."""

    holds = 100

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def restore(self, shown: Shown, *rest: Any) -> Outcome:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            too_many = self.now > self.holds
        try:
            threading.Event().wait(0.01)  # the others begin
            if too_many:
                raise MemoryError
            return super().restore(shown, *rest)
        finally:
            with self.lock:
                self.now -= 1


def at_once(backend: Backend) -> Restored:
    job = Job(Task.DENOISE, Entry("fake", "", (Task.DENOISE,), ""), None, threads=4)
    return restore(grey(50, 40), backend, job, Workers(4), Stopwatch())


@pytest.mark.parametrize(("room", "most"), [(0, 1), (2.5, 2)])
def test_no_more_tiles_at_once_than_the_free_memory_has_room_for(
    room: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run(grey(50, 40), fakes.Leveller(), Task.DENOISE).render(0).astype(int)
    backend, smallest = Counting(), 12
    backend.limits = replace(fakes.Leveller.limits, bytes_per_pixel=1000)
    free = int(2 * room * smallest**2 * 1000)
    monkeypatch.setattr(device, "free_bytes", lambda device: free)
    assert np.abs(at_once(backend).render(0).astype(int) - expected).max() <= 1
    assert backend.most <= most


def test_fewer_of_the_smallest_tiles_at_once_before_there_is_not_enough_memory() -> None:
    expected = run(grey(50, 40), fakes.Leveller(), Task.DENOISE).render(0).astype(int)
    backend = Counting()
    backend.holds = 1
    assert np.abs(at_once(backend).render(0).astype(int) - expected).max() <= 1
    backend.holds = 0
    with pytest.raises(DeviceError, match="not enough memory"):
        at_once(backend)


def test_a_bug_is_not_taken_for_a_lack_of_memory() -> None:
    class Buggy(fakes.Leveller):
        def restore(self, shown: Shown, *rest: Any) -> Outcome:
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run(grey(50, 40), Buggy(), Task.DENOISE)


def test_a_small_photo_is_shown_at_a_size_that_the_model_accepts() -> None:
    class Narrow(fakes.Fake):
        limits = fakes.Limits(multiple_of=16, minimum=20)

        def restore(self, shown: Shown, *rest: Any) -> Outcome:
            assert shown.picture.shape[-2:] == (32, 48)
            return super().restore(shown, *rest)

    photo = grey(10, 33)
    assert np.array_equal(run(photo, Narrow(), Task.UPSCALE).render(0), photo.pixels)


def test_doubling() -> None:
    photo = grey(33, 20)
    pixels = run(photo, fakes.Doubler(), Task.UPSCALE).render(0)
    assert np.array_equal(pixels, photo.pixels.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize(
    ("backend", "message"),
    [(fakes.NotANumber(), "not numbers"), (fakes.WrongShape(), "returned shape")],
)
def test_a_broken_contract_is_named(backend: Backend, message: str) -> None:
    with pytest.raises(BackendError, match=message):
        run(grey(40, 40), backend)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evidence": torch.zeros(7, 1, 2, 8, 12)}, "where (8, 1, 2, 8, 12) was due"),
        ({"evidence": torch.zeros(8, 1, 2, 8, 11)}, "where (8, 1, 2, 8, 12) was due"),
        ({"expected": torch.zeros(2, 8, 12)}, "where (1, 2, 8, 12) was due"),
        ({"expected": torch.full((1, 2, 8, 12), torch.inf)}, "not numbers"),
        ({"results": torch.zeros(1, 1, 2, 8, 12, dtype=torch.int32)}, "not floating point"),
        ({"results": torch.zeros(1, 1, 2, 8)}, "returned shape (1, 1, 2, 8)"),
        ({"evidence": None}, "drew no samples"),
    ],
)
def test_every_part_of_an_outcome_is_checked(changes: dict[str, Any], message: str) -> None:
    class Broken(fakes.Painter):
        def restore(self, *shown: Any) -> Outcome:
            return replace(super().restore(*shown), **changes)

    with pytest.raises(BackendError, match=re.escape(message)):
        run(grey(64, 96), Broken(), confidence=True)


def test_evidence_rests_on_eight_samples_at_least() -> None:
    doubt = run(grey(40, 60), fakes.Painter(), confidence=True).confidence
    assert doubt is not None
    assert doubt.draws == 8
    assert doubt.spread.mean() > 0
    shown = doubt.render()
    assert shown.shape == (40, 60)
    assert shown.dtype == np.uint8


def test_no_evidence_is_said() -> None:
    with pytest.raises(BackendError, match="never measured"):
        run(grey(8, 8), fakes.Fake(), confidence=True)


def test_a_hint_outside_the_photo_is_refused() -> None:
    hint = PixelHint(60, 5, (255, 0, 0))
    with pytest.raises(UsageError, match="60,5=#ff0000"):
        run(grey(40, 60), fakes.Painter(), hints=(hint,))


def test_stopping_stops() -> None:
    workers = Workers(1)
    workers.stop()
    entry = Entry("fake", "", (Task.COLORIZE,), "")
    job = Job(Task.COLORIZE, entry, None)
    with pytest.raises(Interrupted):
        restore(grey(40, 40), fakes.Painter(), job, workers, Stopwatch())
