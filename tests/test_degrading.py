"""Each part of the degradation model: its statistics, its seeds, and what it leaves alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pictures import correlation, detailed, deviations, error, flat, random, smooth
from torch import Tensor

from degrading.camera import photographed
from degrading.chroma import chroma_noise
from degrading.codecs import jpeg, webp
from degrading.correlated import correlated
from degrading.gaussian import gaussian
from degrading.grain import FLOOR, film_grain
from degrading.impulses import salt_and_pepper
from degrading.luma import luma_of
from degrading.periodic import banding, halftone, moire
from degrading.quantizing import quantized
from degrading.resampling import Kernel, resampled
from degrading.sensor import shot_and_read

SIGMA = torch.tensor([0.02, 0.05, 0.1])


Seeded = Callable[[Tensor, np.random.Generator], Tensor]


SEEDED: dict[str, Seeded] = {
    "gaussian": lambda x, random: gaussian(x, 0.1, random),
    "shot_and_read": lambda x, random: shot_and_read(x, 0.01, 0.01, random),
    "photographed": lambda x, random: photographed(x, 0.01, 0.01, random),
    "chroma_noise": lambda x, random: chroma_noise(x, 0.1, 2, random),
    "film_grain": lambda x, random: film_grain(x, 0.1, 1, random),
    "salt_and_pepper": lambda x, random: salt_and_pepper(x, 0.1, random),
    "banding": lambda x, random: banding(x, 0.1, 8, 30, random),
    "halftone": lambda x, random: halftone(x, 0.1, 8, 30, random),
    "moire": lambda x, random: moire(x, 0.1, 8, 30, random),
}


ADDED = ("gaussian", "shot_and_read", "chroma_noise", "film_grain", "banding", "halftone", "moire")


# what all have in common


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_is_a_picture(name: str) -> None:
    picture = smooth()
    kept = picture.clone()
    first = SEEDED[name](picture, random(1))
    assert torch.equal(first, SEEDED[name](picture, random(1)))
    assert not torch.equal(first, SEEDED[name](picture, random(2)))
    assert torch.equal(picture, kept)
    assert first.shape == picture.shape
    assert first.dtype == torch.float32


@pytest.mark.parametrize("name", SEEDED)
def test_pictures_of_a_batch_differ(name: str) -> None:
    one, two = SEEDED[name](flat(0.4, 2, 32), random())
    assert not torch.equal(one, two)


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_adds_does_not_clip(name: str, value: float) -> None:
    seen = SEEDED[name](flat(value, 1, 32), random())
    assert (seen < value).any()
    if (name, value) != ("shot_and_read", 0.0):
        assert (seen > value).any()


def test_as_many_strengths_as_pictures() -> None:
    with pytest.raises(RuntimeError):
        gaussian(flat(0.5, 3, 8), torch.tensor([0.1, 0.2]), random())


# the grid of a file


@pytest.mark.parametrize("levels", [256, 65536])
def test_quantizing_gives_the_nearest_whole_level(levels: int) -> None:
    picture = torch.from_numpy(random().random((1, 3, 32, 32), np.float32))
    seen = quantized(picture, levels) * (levels - 1)
    assert (seen - seen.round()).abs().max() < 1e-2
    assert (seen - picture * (levels - 1)).abs().max() < 0.51
    assert torch.equal(quantized(seen / (levels - 1), levels), seen / (levels - 1))


def test_quantizing_clips() -> None:
    assert quantized(torch.tensor([-0.3, 1.3])).tolist() == [0, 1]


# white, normal


def test_gaussian_noise_has_its_deviation_and_no_memory() -> None:
    noise = gaussian(flat(0.5), SIGMA, random()) - 0.5
    assert deviations(noise) == pytest.approx(SIGMA, rel=0.02)
    assert noise.mean().abs() < 1e-3
    assert correlation(noise, 1) == pytest.approx((0, 0), abs=0.02)
    assert noise[2].pow(4).mean() / noise[2].square().mean() ** 2 == pytest.approx(3, abs=0.1)
    assert abs(np.corrcoef(noise[0, 0].ravel(), noise[0, 1].ravel())[0, 1]) < 0.03


# what is correlated


@pytest.mark.parametrize("size", [0.7, 1.5, 4.0])
def test_blurred_noise_has_its_deviation_and_its_size(size: float) -> None:
    noise = correlated((4, 2, 256, 256), torch.full((4,), size), random())
    assert noise.std() == pytest.approx(1, rel=0.05)
    for distance in (1, 3):
        expected = math.exp(-((distance / (2 * size)) ** 2))
        assert correlation(noise, distance) == pytest.approx((expected, expected), abs=0.04)


def test_blurred_noise_is_as_strong_at_borders() -> None:
    noise = correlated((64, 4, 32, 32), torch.full((64,), 2.0), random())
    assert noise[..., 0, :].std() == pytest.approx(1, rel=0.05)
    assert noise[..., -1].std() == pytest.approx(1, rel=0.05)


def test_each_picture_has_its_size() -> None:
    noise = correlated((2, 1, 256, 256), torch.tensor([0.6, 3.0]), random())
    assert correlation(noise[0], 2)[0] < 0.1
    assert correlation(noise[1], 2)[0] > 0.8
    assert deviations(noise) == pytest.approx(torch.ones(2), rel=0.05)


def test_chroma_noise_leaves_luma_alone() -> None:
    picture = smooth(3)
    noisy = chroma_noise(picture, SIGMA, torch.tensor([0.7, 2.0, 4.0]), random())
    assert (luma_of(noisy) - luma_of(picture)).abs().max() < 1e-6
    assert (noisy - picture).abs().max() > 0.1


def test_chroma_noise_has_its_deviation_in_cb_and_cr() -> None:
    noise = chroma_noise(flat(0.5), SIGMA, 1.5, random()) - 0.5
    luma = luma_of(noise)
    cb, cr = (noise[:, 2:] - luma) / 1.772, (noise[:, :1] - luma) / 1.402
    assert deviations(cb) == pytest.approx(SIGMA, rel=0.06)
    assert deviations(cr) == pytest.approx(SIGMA, rel=0.06)
    assert abs(np.corrcoef(cb.ravel(), cr.ravel())[0, 1]) < 0.05
    expected = math.exp(-1 / 9)
    assert correlation(cb, 1) == pytest.approx((expected, expected), abs=0.04)


def test_grain_has_no_colour() -> None:
    noise = film_grain(flat(0.4), SIGMA, torch.tensor([0.5, 1.0, 1.5]), random()) - 0.4
    assert torch.equal(noise[:, 0], noise[:, 1])
    assert torch.equal(noise[:, 0], noise[:, 2])


@pytest.mark.parametrize(
    ("value", "share"), [(0.0, FLOOR), (0.25, FLOOR + 0.75 * (1 - FLOOR)), (0.5, 1.0), (1.0, FLOOR)]
)
def test_grain_is_strongest_in_mid_tones(value: float, share: float) -> None:
    noise = film_grain(flat(value), SIGMA, 0.8, random()) - value
    assert deviations(noise) == pytest.approx(share * SIGMA, rel=0.04)


def test_grain_has_the_tones_of_the_boolean_model() -> None:
    for luma in torch.linspace(0.02, 0.98, 25).tolist():
        picture = flat(luma, 1, 32)
        one, middle = (film_grain(x, 0.1, 1, random()) - x for x in (picture, flat(0.5, 1, 32)))
        assert one.std() / middle.std() == pytest.approx(2 * math.sqrt(luma * (1 - luma)), abs=0.1)


def test_grain_has_its_size() -> None:
    noise = film_grain(flat(0.5), 0.1, 1.2, random()) - 0.5
    expected = math.exp(-((1 / 2.4) ** 2))
    assert correlation(noise, 1) == pytest.approx((expected, expected), abs=0.04)


# files


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_a_better_quality_loses_less(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    noisy = film_grain(luma_of(detailed(1)).expand(4, 3, -1, -1), 0.05, 0.5, random()).clamp(0, 1)
    seen = codec(noisy, [15, 50, 80, 98])
    errors = [error(one, two) for one, two in zip(seen, noisy, strict=True)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 4 * errors[-1]
    assert torch.equal(seen, quantized(seen))


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_keep_colours_and_sizes(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    picture = torch.tensor([0.9, 0.5, 0.1])[None, :, None, None].repeat(2, 1, 17, 30)
    seen = codec(picture, [95, 95])
    assert seen.shape == picture.shape
    assert (seen - picture).abs().max() < 0.03


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_hold_what_was_clipped(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    picture = torch.tensor([-0.4, 1.4])[:, None, None, None].repeat(1, 3, 16, 16)
    seen = codec(picture, [95, 95])
    assert seen[0].max() < 0.02
    assert seen[1].min() > 0.98


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_of_a_batch_are_its_pictures_in_order(
    codec: Callable[[Tensor, list[int]], Tensor],
) -> None:
    pictures = detailed(3)
    together = codec(pictures, [40, 70, 90])
    alone = [codec(pictures[i : i + 1], [q]) for i, q in enumerate([40, 70, 90])]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_a_quality_for_each_picture(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    with pytest.raises(ValueError, match="zip"):
        codec(detailed(2), [90])


def test_subsampling_costs_colour() -> None:
    picture = chroma_noise(flat(0.5, 1, 64), 0.05, 0.5, random())
    errors = [error(jpeg(picture, [95], s), picture) for s in ("4:4:4", "4:2:2", "4:2:0")]
    assert errors == sorted(errors)
    assert errors[2] > 2 * errors[0]
    assert torch.equal(jpeg(picture, [95]), jpeg(picture, [95], "4:2:0"))


def test_an_unknown_subsampling_is_refused() -> None:
    with pytest.raises(ValueError, match="4:1:7"):
        jpeg(detailed(1), [90], "4:1:7")


# resampling


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_resampling_takes_the_finest_detail_first(kernel: Kernel) -> None:
    x = torch.arange(96.0)
    left = []
    for period in (2.5, 6.0, 24.0):
        waves = torch.cos(2 * math.pi * x / period).expand(1, 3, 96, 96)
        left.append(float(resampled(waves, 0.5, kernel)[..., 8:-8, 8:-8].std() / waves.std()))
    assert left == sorted(left)
    assert left[0] < 0.15
    assert left[-1] > 0.85


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [0.3, 0.77, 1.0])
def test_resampling_keeps_size_place_and_brightness(factor: float, kernel: Kernel) -> None:
    picture = smooth()
    seen = resampled(picture, factor, kernel)
    assert seen.shape == picture.shape
    assert error(seen, picture) < 1e-4
    assert (resampled(flat(0.3, 1, 33), factor, kernel) - 0.3).abs().max() < 1e-6


def test_less_is_left_of_a_smaller_picture() -> None:
    noise = gaussian(flat(0, 1), 0.1, random())
    left = [float(resampled(noise, factor, "bicubic").std()) for factor in (0.3, 0.5, 0.8, 1.0)]
    assert left == sorted(left)


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.01])
def test_a_factor_that_does_not_shrink_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        resampled(smooth(), factor, "bicubic")
