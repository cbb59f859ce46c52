"""What photos have been through: the ways of the denoiser's training pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from patched import ALL_WAYS, only, pictures, random, white_noise

from degrading import chain


@pytest.mark.parametrize("way", chain.WAYS)
def test_a_seed_decides_what_happens(way: str) -> None:
    clean = pictures()
    first, again, other = (chain.WAYS[way](clean.clone(), random(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (way == "untouched")


@pytest.mark.parametrize("way", chain.WAYS)
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_every_way_keeps_shape_and_range(way: str, value: float) -> None:
    for clean in (pictures(5, 32), torch.full((5, 3, 40, 32), value)):
        for seed in range(6):
            before = clean.clone()
            noisy = chain.WAYS[way](clean, random(seed))
            assert noisy.shape == clean.shape
            assert noisy.dtype == torch.float32
            assert 0 <= noisy.min() <= noisy.max() <= 1
            assert torch.equal(clean, before)  # the truth of the pair is left alone


@pytest.mark.parametrize("way", ["plain", "sensor", "film", "worn"])
def test_every_way_but_one_adds_noise_that_centres_on_the_picture(way: str) -> None:
    clean = torch.full((64, 3, 32, 32), 0.5)
    noise = chain.WAYS[way](clean, random()) - clean
    assert (noise.flatten(1).std(1) > 0.3 / 255).float().mean() > 0.7
    assert noise.mean().abs() < 0.02


def test_untouched_is_untouched() -> None:
    clean = pictures()
    assert torch.equal(chain.untouched(clean, random()), clean)
    kept, noisy = chain.degraded(clean, random(), only("untouched"))
    assert torch.equal(kept, noisy)


def test_plain_noise_is_white_and_of_every_level() -> None:
    clean = torch.full((1000, 3, 16, 16), 0.5)
    noise = chain.plain(clean, random()) - clean
    sigma = 255 * noise.flatten(1).std(1)
    assert sigma.max() < 75
    assert 0.08 < (sigma > 55).float().mean() < 0.18
    assert 0.1 < (sigma < 10).float().mean() < 0.22
    beside = (noise[..., 1:] * noise[..., :-1]).mean() / noise.square().mean()
    assert abs(float(beside)) < 0.02


def test_smoothing_keeps_flat_places_and_takes_more_the_wider_it_is() -> None:
    flat = torch.full((2, 3, 16, 16), 0.7)
    torch.testing.assert_close(chain.smoothed(flat, torch.tensor([0.4, 2.0])), flat)
    noise = white_noise(1, 3, 128, 128, sigma=1.0).expand(3, -1, -1, -1)
    sizes = torch.tensor([0.01, 0.6, 2.0])
    left = chain.smoothed(noise, sizes)
    torch.testing.assert_close(left[0], noise[0])
    # White noise through a Gaussian of size s keeps 1 / (4 pi s^2) of its variance.
    assert float(left[2].var()) == pytest.approx(1 / (4 * np.pi * 4), rel=0.15)
    assert left[2].var() < left[1].var() < left[0].var()


def test_a_seed_decides_the_pairs() -> None:
    clean = pictures(16)
    first, again, other = (chain.degraded(clean, random(s), ALL_WAYS) for s in (1, 1, 2))
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not torch.equal(first[1], other[1])


def test_pairs_keep_shape_and_range() -> None:
    hard = torch.from_numpy((random().random((6, 3, 32, 32)) > 0.5).astype(np.float32))
    for clean in (pictures(6), hard, torch.ones(6, 3, 32, 40)):
        for seed in range(20):
            for part in chain.degraded(clean, random(seed), ALL_WAYS):
                assert part.shape == clean.shape
                assert 0 <= part.min() <= part.max() <= 1


@pytest.mark.parametrize("way", chain.WAYS)
def test_grey_pictures_stay_grey_with_grey_noise(way: str) -> None:
    clean, noisy = chain.degraded(pictures(12), random(), only(way), grey=1)
    for part in (clean, noisy):
        assert torch.equal(part, part[:, :1].expand_as(part))
    assert torch.equal(clean, noisy) == (way == "untouched")


def test_as_many_pictures_are_grey_as_asked_for() -> None:
    coloured_pictures = pictures(200, 32)
    for share in (0.0, 0.3):
        clean, noisy = chain.degraded(coloured_pictures, random(), ALL_WAYS, grey=share)
        for part in (clean, noisy):
            grey = (part == part[:, :1]).all(1).all(-1).all(-1).float().mean()
            assert float(grey) == pytest.approx(share, abs=0.08)


def test_ways_are_taken_as_often_as_asked_for() -> None:
    shares = {**only("plain"), "plain": 0.7, "untouched": 0.3}
    clean, noisy = chain.degraded(pictures(300, 32), random(), shares, grey=0)
    same = (clean == noisy).flatten(1).all(1).float().mean()
    assert float(same) == pytest.approx(0.3, abs=0.08)


def test_some_pictures_are_soft_and_never_those_with_plain_noise() -> None:
    sharp = pictures(200, 32)
    clean, _ = chain.degraded(sharp, random(), only("plain"), grey=0)
    assert torch.equal(clean, sharp)
    for way in ("untouched", "camera"):
        share = chain.SOFTNESS.get(way, chain.Softness()).chance
        clean, _ = chain.degraded(sharp, random(), only(way), grey=0)
        soft = (clean != sharp).flatten(1).any(1)
        assert float(soft.float().mean()) == pytest.approx(share, abs=0.1)
    steepness = [part.diff(dim=-1).square().mean() for part in (clean[soft], sharp[soft])]
    assert steepness[0] < 0.7 * steepness[1]


def test_a_faded_picture_keeps_its_mean_and_a_share_of_its_contrast() -> None:
    sharp = pictures(2, 32)
    faded = chain.faded(sharp, torch.tensor([1.0, 0.4]))
    torch.testing.assert_close(faded[0], sharp[0])
    torch.testing.assert_close(faded[1].mean(), sharp[1].mean())
    torch.testing.assert_close(faded[1].std(), 0.4 * sharp[1].std())


def test_half_of_the_sensor_noise_is_of_the_dark() -> None:
    clean = torch.full((400, 3, 32, 32), 0.5)

    def strong(noisy: torch.Tensor) -> float:
        return float(((noisy - clean).flatten(1).std(1) > 5 / 255).float().mean())

    by_day_too = np.mean([strong(chain._exposed(clean, random(seed))) for seed in range(2)])
    assert 0.4 < by_day_too < 0.6
    assert strong(chain._exposed(clean, random(), dark=1)) > 0.85
    assert strong(chain._exposed(clean, random(), dark=0.5)) > by_day_too + 0.1
