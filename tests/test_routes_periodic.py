from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from conftest import scene

from restore.routes.periodic import Peak, find_peaks, notched
from restore.routes.rows import find_lines
from restore.routes.sampling import Pixels

HEIGHT, WIDTH = 320, 400


def clean(channels: int = 3) -> Pixels:
    return np.stack([scene(HEIGHT, WIDTH, seed) for seed in range(channels)], axis=2)


def wave(fy: float, fx: float, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.cos(2 * np.pi * (fy * y + fx * x) + 1)[..., None]


def with_waves(pixels: Pixels, *waves: np.ndarray) -> Pixels:
    scale = np.iinfo(pixels.dtype).max / 255
    noisy = np.rint(pixels + scale * np.sum(waves, axis=0))
    return np.clip(noisy, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)


def error(one: Pixels, other: Pixels) -> np.ndarray:
    return np.sqrt(np.mean((one.astype(float) - other.astype(float)) ** 2, axis=2))


@pytest.mark.parametrize(("fy", "fx"), [(0.0, 0.21), (0.07, 0.0), (-0.11, 0.15), (0.33, 0.4)])
def test_a_line_is_found_where_it_is(fy: float, fx: float) -> None:
    peaks = find_peaks(with_waves(clean(), 8 * wave(fy, fx)))
    assert len(peaks) == 1
    assert (peaks[0].fy, peaks[0].fx) == pytest.approx((fy, fx), abs=5e-4)
    assert peaks[0].amplitude == pytest.approx(8, rel=0.1)


def test_several_lines_are_found_the_strongest_first() -> None:
    peaks = find_peaks(with_waves(clean(), 6 * wave(0.0, 0.2), 10 * wave(0.17, 0.1)))
    assert [round(peak.fx, 2) for peak in peaks] == [0.1, 0.2]


def test_a_line_of_one_channel_is_found() -> None:
    blue = 8 * wave(0.1, 0.2) * np.array([0, 0, 1])
    (peak,) = find_peaks(with_waves(clean(), blue))
    assert peak.channel == 2


def test_16_bits_and_grey_give_the_same() -> None:
    grey = with_waves(clean(1), 8 * wave(0.1, 0.2))
    (fine,) = find_peaks(grey.astype(np.uint16) * np.uint16(257))
    (plain,) = find_peaks(grey)
    assert (fine.fy, fine.fx, fine.amplitude) == pytest.approx(
        (plain.fy, plain.fx, plain.amplitude), abs=1e-4
    )


def test_clean_and_noisy_pictures_have_no_lines() -> None:
    noise = np.random.default_rng(0).normal(0, 25, (HEIGHT, WIDTH, 3))
    assert find_peaks(clean()) == ()
    assert find_peaks(with_waves(clean(), noise)) == ()


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_fence_is_no_noise(share: float) -> None:
    fence = 40 * np.sign(wave(0.0, 0.11))
    fence[:, int(share * WIDTH) :] = 0
    assert find_peaks(with_waves(clean(), fence)) == ()


@pytest.mark.parametrize("period", [18, 24, 31])
def test_stairs_and_shutters_are_no_noise(period: int) -> None:
    steps = np.abs((np.arange(HEIGHT) % period) - period / 2)[:, None, None] / period
    steps = np.broadcast_to(60 * np.minimum(4 * steps, 1), (HEIGHT, WIDTH, 1))
    assert find_peaks(with_waves(clean() // 2 + 40, steps)) == ()


def test_coarse_banding_without_overtones_is_noise() -> None:
    (peak,) = find_peaks(with_waves(clean(), 8 * wave(1 / 20, 0.0)))
    assert peak.fy == pytest.approx(1 / 20, abs=5e-4)


def test_the_edges_of_jpeg_blocks_are_no_lines() -> None:
    blocks = (np.arange(WIDTH) % 8 == 0)[None, :, None] * 6.0
    assert find_peaks(with_waves(clean(), blocks)) == ()


def ruled(period: float, squared: bool, width: int = 1) -> Pixels:
    """Rule paper, or square it, with lines that lie anywhere on the grid of pixels."""
    fine = np.full((4 * HEIGHT, 4 * WIDTH), 255.0)
    for start in np.arange(3, WIDTH, period):
        line = slice(round(4 * start), round(4 * (start + width)))
        fine[line] = 120
        if squared:
            fine[:, line] = 120
    paper = fine.reshape(HEIGHT, 4, WIDTH, 4).mean((1, 3))
    return np.rint(paper).astype(np.uint8)[..., None]


@pytest.mark.parametrize("period", [10, 14.2, 20, 24, 27.3, 32, 50])
@pytest.mark.parametrize("squared", [True, False])
def test_ruled_and_squared_paper_is_no_noise(period: float, squared: bool) -> None:
    paper = ruled(period, squared)
    grain = np.random.default_rng(0).normal(0, 2, paper.shape)
    scanned = np.clip(np.rint(0.8 * paper + 30 + grain), 0, 255).astype(np.uint8)
    for page in (paper, scanned):
        assert find_peaks(page) == ()
        assert find_lines(page, ()) == ()


@pytest.mark.parametrize("side", [2, 3, 5, 8, 12])
def test_what_is_all_pattern_is_no_noise(side: int) -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] // side
    for pattern in (255 * ((x + y) % 2), 100 + 60 * (x % 2), 100 + 60 * (y % 2)):
        drawing = pattern.astype(np.uint8)[..., None]
        assert find_peaks(drawing) == ()
        assert find_lines(drawing, ()) == ()


def test_a_fine_screen_with_overtones_is_noise() -> None:
    screen = [6 * wave(0.0, 0.1), 2 * wave(0.0, 0.2), 6 * wave(0.1, 0.0), 2 * wave(0.2, 0.0)]
    assert len(find_peaks(with_waves(clean(), *screen))) == 4


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (60, 500)])
def test_what_is_too_small_has_no_lines(size: tuple[int, int]) -> None:
    picture: Pixels = np.full((*size, 3), 90, np.uint8)
    assert find_peaks(picture) == ()
    np.testing.assert_array_equal(notched(picture, [Peak(0.1, 0.2, 5.0, 0)]), picture)


@pytest.mark.parametrize(("fy", "fx"), [(0.0, 0.2), (-0.11, 0.15), (0.07, 0.0)])
def test_notching_takes_the_lines_out_up_to_the_rim(fy: float, fx: float) -> None:
    picture = clean()
    noisy = with_waves(picture, 10 * wave(fy, fx))
    left = error(notched(noisy, find_peaks(noisy)), picture)
    assert np.sqrt((left**2).mean()) < 1.3  # from 7.1
    assert np.sqrt((left[:, :8] ** 2).mean()) < 2.5
    assert np.sqrt((left[-8:] ** 2).mean()) < 2.5


def test_away_from_the_lines_little_changes() -> None:
    """The pattern covers the upper part of a tall picture; the lower stays."""
    picture = np.concatenate([clean(), clean(), clean()])
    pattern = 10 * wave(0.0, 0.2, 3 * HEIGHT)
    pattern[HEIGHT:] = 0
    noisy = with_waves(picture, pattern)
    result = notched(noisy, [Peak(0.0, 0.2, 10.0, 0)])
    assert error(result, picture)[: HEIGHT // 2].mean() < 1.0
    far = slice(HEIGHT + 256, None)
    assert np.sqrt((error(result, noisy)[far] ** 2).mean()) < 0.5


def test_without_peaks_nothing_changes() -> None:
    picture = clean()
    np.testing.assert_array_equal(notched(picture, ()), picture)


def test_notching_16_bits_is_finer_than_8() -> None:
    picture: Pixels = clean(1).astype(np.uint16) * np.uint16(257)
    noisy = with_waves(picture, 10 * wave(0.05, 0.2))
    result = notched(noisy, find_peaks(noisy))
    assert result.dtype == np.uint16
    assert np.sqrt((error(result, picture) ** 2).mean()) < 257


def test_memory_is_bounded_by_a_row_of_tiles() -> None:
    picture = np.tile(clean(), (6, 2, 1)).astype(np.uint8)
    tracemalloc.start()
    notched(picture, [Peak(0.0, 0.2, 10.0, 0)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < picture.nbytes + 30 * 2**20
