from __future__ import annotations

import numpy as np
import pytest

from restore.routes.level import measured
from restore.routes.sampling import Pixels


def noisy(sigma: float, seed: int = 0) -> Pixels:
    slope = np.linspace(60, 190, 300)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, sigma, (200, 300, 3))
    return np.clip(np.rint(slope + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [5, 10, 25])
def test_white_noise_is_measured(sigma: float) -> None:
    noise = measured(noisy(sigma))
    assert noise is not None
    assert noise.channels == pytest.approx((sigma,) * 3, rel=0.2)


def test_white_noise_halves_with_the_size() -> None:
    noise = measured(noisy(12))
    assert noise is not None
    assert noise.luma[1] / noise.luma[0] == pytest.approx(0.5, abs=0.1)
    assert noise.colour[0] == pytest.approx(12, rel=0.2)


def test_grey_has_no_colour() -> None:
    noise = measured(noisy(12)[..., :1])
    assert noise is not None
    assert noise.colour == (0, 0, 0)


def test_16_bits_are_measured_in_8_bit_levels() -> None:
    fine, coarse = measured(noisy(10).astype(np.uint16) * np.uint16(257)), measured(noisy(10))
    assert fine is not None
    assert coarse is not None
    assert fine.channels == pytest.approx(coarse.channels, rel=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (23, 500)])
def test_what_is_too_small_has_no_level(size: tuple[int, int]) -> None:
    assert measured(np.full((*size, 3), 77, np.uint8)) is None


def test_what_is_clipped_has_no_level() -> None:
    assert measured(np.full((60, 60, 3), 255, np.uint8)) is None
