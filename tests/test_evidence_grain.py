from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from degrading.chroma import chroma_noise
from degrading.grain import film_grain
from restore import evidence

Floats = NDArray[np.floating]

LUMA = np.array((0.299, 0.587, 0.114))


def drawn(height: int = 352, width: int = 480) -> NDArray[np.uint8]:
    """Draw hills of light with a dark wall in them: (H, W, 3), nothing near black or white."""
    y, x = np.mgrid[0:height, 0:width]
    plane = 130 + 50 * np.sin(x / 70) * np.cos(y / 55)
    plane = np.where((x // 40 + y // 50) % 7 == 0, plane - 35, plane)
    return np.stack([plane + 10, plane, plane - 15], axis=-1).astype(np.uint8)


def rounded(values: Floats) -> NDArray[np.uint8]:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def unit(picture: Floats | NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]


def layer(picture: torch.Tensor, clean: NDArray[np.uint8]) -> Floats:
    return (picture - unit(clean))[0].permute(1, 2, 0).numpy() * 255


def radial(plane: Floats, size: int = 64) -> Floats:
    """Return the power of a plane by distance from 0, in rings 1 / 64 cycle per pixel wide."""
    taper = np.outer(*[np.hanning(size + 2)[1:-1]] * 2)
    starts = [range(0, side - size + 1, size // 2) for side in plane.shape]
    power = np.mean(
        [
            np.abs(np.fft.fft2(plane[top : top + size, left : left + size] * taper)) ** 2
            for top in starts[0]
            for left in starts[1]
        ],
        axis=0,
    )
    axis = np.fft.fftfreq(size)
    ring = np.rint(np.hypot(axis[:, None], axis) * size).astype(int).ravel()
    return (np.bincount(ring, power.ravel()) / np.bincount(ring))[2 : size // 2]


def chroma(difference: Floats) -> float:
    return float((difference - difference @ LUMA[:, None]).std())


def test_grain_stays_and_what_came_later_goes() -> None:
    random, clean = np.random.default_rng(0), drawn()
    grain = layer(film_grain(unit(clean), 8 / 255, 0.8, random), clean)
    blotches = layer(chroma_noise(unit(clean), 4 / 255, 1.5, random), clean)
    white = random.normal(0, 4, (*clean.shape[:2], 1))
    before = rounded(clean + grain + blotches + white)

    gone = before.astype(np.float32) - clean
    kernel = evidence.grain_filter(before, clean)
    result = rounded(before - (gone - evidence.given_back(gone, kernel)))

    left = result.astype(np.float64) - clean
    wanted, found = radial(grain[..., 0]), radial(left @ LUMA)
    above = wanted > radial(white[..., 0])
    assert above.sum() > 10
    assert np.abs(10 * np.log10(found / wanted))[above].max() < 1
    assert chroma(left) < 0.05 * chroma(gone)


def test_white_noise_is_not_grain() -> None:
    clean = drawn()
    before = rounded(clean + np.random.default_rng(1).normal(0, 10, clean.shape))
    gone = before.astype(np.float32) - clean
    given = evidence.given_back(gone, evidence.grain_filter(before, clean))
    assert given.std() < 0.1 * gone.std()


@pytest.mark.parametrize("size", [(1, 1), (31, 200)])
def test_a_photo_too_small_to_tell_has_no_grain(size: tuple[int, int]) -> None:
    random = np.random.default_rng(2)
    before, after = (random.integers(0, 256, (*size, 3)).astype(np.uint8) for _ in range(2))
    kernel = evidence.grain_filter(before, after)
    given = evidence.given_back(before.astype(np.float32) - after, kernel)
    assert given.shape == (*size, 1)
    assert not given.any()


def test_nothing_removed_gives_nothing_back() -> None:
    assert not evidence.grain_filter(drawn(), drawn()).any()


def test_the_filter_is_symmetric_and_knows_16_bits_and_grey() -> None:
    clean = drawn()[..., :1]
    grain = film_grain(unit(np.repeat(clean, 3, axis=2)), 8 / 255, 1, np.random.default_rng(3))
    before = rounded(layer(grain, np.repeat(clean, 3, axis=2))[..., :1] + clean)
    kernel = evidence.grain_filter(before, clean)
    assert kernel.shape == (15, 15)
    torch.testing.assert_close(kernel, kernel.flip(0, 1))
    torch.testing.assert_close(kernel, kernel.T)
    deep = evidence.grain_filter(before.astype(np.uint16) * 257, clean.astype(np.uint16) * 257)
    torch.testing.assert_close(deep, kernel, atol=1e-4, rtol=0)


def test_a_strip_with_margins_is_as_the_whole() -> None:
    removed = np.random.default_rng(4).normal(0, 5, (80, 50, 3)).astype(np.float32)
    kernel = torch.rand(15, 15, generator=torch.Generator().manual_seed(0)) / 100
    whole = evidence.given_back(removed, kernel)
    margin = evidence.MARGIN
    strip = evidence.given_back(removed[24 - margin : 40 + margin], kernel)[margin:-margin]
    np.testing.assert_allclose(strip, whole[24:40], atol=1e-4)
