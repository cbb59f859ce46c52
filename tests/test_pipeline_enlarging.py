"""Enlarging: tiles at any size without seams, noise by place, alpha by strips."""

from __future__ import annotations

import fakes
import numpy as np
import pytest
import torch
from conftest import scene

from restore.backend import Entry, Limits, Noise, Outcome, Shown, Task
from restore.clock import Stopwatch
from restore.job import Job
from restore.photo import Photo
from restore.pipeline import Restored, Workers, enlarged, restore
from restore.pipeline.enlarging import enlarged_plane
from restore.resample import Resized

ENTRY = Entry("fake", "", (Task.UPSCALE,), "")
SIZES = [(1, 1), (1, 90), (7, 5), (24, 24), (25, 23), (61, 83)]


def drawn(height: int, width: int, dtype: type = np.uint8, channels: int = 3) -> Photo:
    planes = [scene(height, width, seed) for seed in range(channels)]
    return Photo(np.dstack(planes).astype(dtype) * (257 if dtype is np.uint16 else 1), "PNG")


def run(photo: Photo, backend: fakes.Fake, threads: int = 2, samples: int = 1) -> Restored:
    job = Job(Task.UPSCALE, ENTRY, None, samples=samples, options={"scale": backend.scale})
    return restore(photo, backend, job, Workers(threads), Stopwatch())


def in_one(scale: int) -> fakes.Enlarger:
    """Return the fake that sees the whole photo in one tile."""
    backend = fakes.Enlarger(scale)
    backend.limits = Limits(multiple_of=4, minimum=8, tile=400, overlap=4)
    return backend


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiles_leave_no_seam(size: tuple[int, int], scale: int, dtype: type) -> None:
    photo = drawn(*size, dtype)
    whole = run(photo, in_one(scale)).render(0)
    tiled = run(photo, fakes.Enlarger(scale)).render(0)
    assert tiled.shape == (size[0] * scale, size[1] * scale, 3)
    assert tiled.dtype == dtype
    # The last digit of a sum may differ with a tile's size.
    assert np.abs(tiled.astype(int) - whole).max() <= (1 if dtype is np.uint8 else 2)


def test_the_test_would_see_a_seam() -> None:
    class Blind(fakes.Enlarger):
        limits = Limits(multiple_of=4, minimum=8, tile=24, overlap=0)

    photo = drawn(48, 72)  # windows fill it without a rest that they would share
    whole, tiled = (run(photo, one).render(0).astype(int) for one in (in_one(2), Blind(2)))
    assert np.abs(tiled - whole).max() > 1


def test_noise_is_the_results_own_wherever_tiles_lie() -> None:
    class Noisy(fakes.Enlarger):
        stride = 1

        def restore(self, shown: Shown, prepared: object, draws: object, noise: Noise) -> Outcome:
            field = 0.5 + 0.1 * noise(0, 0, 3, self.stride)
            height, width = (self.scale * side for side in shown.picture.shape[-2:])
            assert field.shape[-2:] == (height // self.stride, width // self.stride)
            fine = field.repeat_interleave(self.stride, -2).repeat_interleave(self.stride, -1)
            return Outcome(fine[None])

    class NoisyWhole(Noisy):
        limits = Limits(multiple_of=4, minimum=8, tile=400)

    photo = drawn(50, 70)
    for Noisy.stride in (1, 2, 4, 8):
        tiled, whole = (run(photo, one(4)).render(0) for one in (Noisy, NoisyWhole))
        assert np.array_equal(tiled, whole)
        neighbours = np.abs(np.diff(tiled[..., 0].astype(int), axis=1))
        at_cells = neighbours[:, Noisy.stride - 1 :: Noisy.stride]
        assert at_cells.mean() > 10
        assert neighbours.sum() == at_cells.sum()  # and within a cell there is one value


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_grey(dtype: type) -> None:
    result = run(drawn(30, 40, dtype, channels=1), fakes.Enlarger(4)).render(0)
    assert result.shape == (120, 160, 1)
    assert result.dtype == dtype


def test_neither_threads_nor_company_change_a_sample() -> None:
    photo = drawn(61, 83)
    one = run(photo, fakes.Enlarger(2), threads=1).render(0)
    many = run(photo, fakes.Enlarger(2), threads=7, samples=3)
    assert np.array_equal(one, many.render(0))
    assert not np.array_equal(one, many.render(1))


def test_a_result_that_only_repeats_pixels_says_so() -> None:
    photo = drawn(33, 20)
    (notice,) = run(photo, fakes.Doubler()).notices
    assert "only repeated" in notice
    assert run(photo, fakes.Enlarger(2)).notices == ()


# Alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (700, 90)], ids=str)
def test_alpha_is_enlarged_with_the_cubic(size: tuple[int, int], dtype: type) -> None:
    full = np.iinfo(dtype).max
    plane = np.random.default_rng(0).integers(0, full, size, dtype, endpoint=True)
    result = enlarged_plane(plane, 4, Workers(2))
    large = (size[0] * 4, size[1] * 4)
    whole = Resized(torch.from_numpy(plane.astype(np.float32))[None], large).rows(0, large[0])[0]
    expected = whole.round().clamp(0, full).numpy()
    assert result.shape == large
    assert result.dtype == dtype
    assert np.abs(result - expected).max() <= 1
    assert np.array_equal(result, enlarged_plane(plane, 4, Workers(7)))


@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
def test_even_alpha_stays_even(value: int) -> None:
    assert (enlarged_plane(np.full((37, 29), value, np.uint8), 2, Workers(2)) == value).all()


def test_a_photo_without_alpha_gets_none() -> None:
    assert enlarged(drawn(3, 4), 2, Workers(1)).alpha is None
