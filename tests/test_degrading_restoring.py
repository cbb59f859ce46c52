"""A restorer's training pairs: what is degraded, how, how often, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pictures import detailed, error, flat, random, smooth
from torch import Tensor
from torch.nn import functional as F

from degrading import restoring
from degrading.restoring import damaged, enlarged, everywhere, holed

ALL = {"everywhere": 0.4, "holes": 0.35, "enlarged": 0.25}


def only(kind: str) -> dict[str, float]:
    return {name: float(name == kind) for name in ALL}


def fine(picture: Tensor) -> float:
    """Return how much there is that half the size cannot hold."""
    coarse = F.interpolate(F.avg_pool2d(picture, 2), scale_factor=2.0, mode="bilinear")
    return float((picture - coarse).square().mean())


# Pairs


def test_a_seed_decides_the_pairs() -> None:
    clean = detailed(12, 32)
    first, again, other = (damaged(clean, random(seed), ALL) for seed in (1, 1, 2))
    for name in ("clean", "degraded", "mask"):
        assert torch.equal(getattr(first, name), getattr(again, name))
    assert not torch.equal(first.degraded, other.degraded)


@pytest.mark.parametrize("kind", ALL)
def test_pairs_keep_shape_and_range_and_what_came(kind: str) -> None:
    hard = torch.from_numpy((random().random((6, 3, 32, 32)) > 0.5).astype(np.float32))
    for clean in (hard, detailed(6, 64), torch.ones(6, 3, 32, 32)):
        before = clean.clone()
        for seed in range(6):
            pairs = damaged(clean, random(seed), only(kind))
            assert torch.equal(clean, before)
            for part in (pairs.clean, pairs.degraded):
                assert part.shape == clean.shape
                assert part.dtype == torch.float32
                assert part.isfinite().all()
            assert 0 <= pairs.clean.min() <= pairs.clean.max() <= 1
            if kind != "enlarged":  # a cubic overshoots, as it does before the network
                assert 0 <= pairs.degraded.min() <= pairs.degraded.max() <= 1
            assert pairs.mask.shape == (6, 1, *clean.shape[-2:])
            assert set(pairs.mask.unique().tolist()) <= {0, 1}


def test_holes_are_black_and_nothing_else_is_changed() -> None:
    for seed in range(10):
        pairs = damaged(detailed(4, 64), random(seed), only("holes"))
        assert (pairs.mask.amax((1, 2, 3)) == 1).all()
        assert torch.equal(pairs.degraded, pairs.clean * (1 - pairs.mask))


def test_what_has_no_holes_has_no_mask() -> None:
    for kind in ("everywhere", "enlarged"):
        pairs = damaged(detailed(6, 32), random(), only(kind))
        assert not pairs.mask.any()
        assert ((pairs.degraded - pairs.clean).abs().amax((1, 2, 3)) > 0.01).all()


def test_kinds_are_taken_as_often_as_asked_for() -> None:
    pairs = damaged(flat(0.5, 500, 16), random(), ALL)
    holes = pairs.mask.amax((1, 2, 3)) > 0
    assert float(holes.float().mean()) == pytest.approx(0.35, abs=0.06)
    shares = {"everywhere": 0.0, "holes": 0.7, "enlarged": 0.3}
    pairs = damaged(flat(0.5, 300, 16), random(), shares)
    holes = pairs.mask.amax((1, 2, 3)) > 0
    assert float(holes.float().mean()) == pytest.approx(0.7, abs=0.08)


@pytest.mark.parametrize("kind", ALL)
def test_some_pictures_are_grey_and_so_is_all_that_is_left_of_them(kind: str) -> None:
    pairs = damaged(detailed(120, 16), random(), only(kind))
    grey = (pairs.clean == pairs.clean[:, :1]).flatten(1).all(1)
    assert float(grey.float().mean()) == pytest.approx(0.15, abs=0.09)
    assert torch.equal((pairs.degraded == pairs.degraded[:, :1]).flatten(1).all(1), grey)


# Everywhere


def test_damage_everywhere_is_of_many_strengths_and_leaves_brightness() -> None:
    clean = detailed(1, 64) * 0.5 + 0.25
    seen = [everywhere(clean, random(seed)) for seed in range(60)]
    psnr = [-10 * np.log10(error(picture, clean)) for picture in seen]
    assert min(psnr) < 22
    assert max(psnr) > 32
    assert all(picture.min() >= 0 and picture.max() <= 1 for picture in seen)
    assert np.mean([float((picture - clean).mean()) for picture in seen]) == pytest.approx(
        0, abs=0.01
    )


def test_one_in_three_is_degraded_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []

    def once(picture: Tensor, least: float, random: np.random.Generator) -> Tensor:
        calls.append(least)
        return picture + 0.8

    monkeypatch.setattr(restoring, "_once", once)
    draws = random()
    results = [everywhere(flat(0.1, 1, 8), draws) for _ in range(300)]
    assert len(calls) / 300 == pytest.approx(4 / 3, abs=0.08)
    assert set(calls) == {0.5, 0.7}
    assert {round(float(result.max()), 3) for result in results} == {0.9, 1.0}  # clipped


@pytest.mark.parametrize("size", [(40, 32), (33, 47)])
def test_damage_everywhere_keeps_any_size(size: tuple[int, int]) -> None:
    for seed in range(10):
        assert everywhere(torch.rand(1, 3, *size), random(seed)).shape == (1, 3, *size)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_noise_depends_on_the_light_at_most_and_may_have_no_colour(value: float) -> None:
    draws = random()
    deviations, colourless = [], 0
    for _ in range(200):
        noise = restoring._noisy(flat(value, 1, 32), draws) - value
        deviations.append(255 * float(noise.std()))
        colourless += bool((noise - noise[:, :1]).abs().max() < 1e-6)
    most = 30 * (2 * value) ** 0.5 if value > 0.5 else 30
    assert max(deviations) < 1.05 * most
    assert np.mean(deviations) == pytest.approx({0.0: 10, 0.5: 15, 1.0: 18}[value], abs=2)
    assert colourless / 200 == pytest.approx(0.25, abs=0.09)


# Enlarged


def test_an_enlarged_picture_is_a_small_one_made_large() -> None:
    picture = smooth(2, 64)
    for seed in range(20):
        seen = enlarged(picture, random(seed))
        assert seen.shape == picture.shape
        assert error(seen, picture) < 4e-4
        noise = torch.from_numpy(random(seed).random((1, 3, 64, 64), np.float32))
        assert fine(enlarged(noise, random(seed))) < 0.25 * fine(noise)


def test_enlarging_is_the_backend_s_from_whole_levels() -> None:
    """In the three cases of five in which the small picture is neither noisy nor compressed."""
    picture = detailed(1, 64)
    small = {
        factor: (
            F.interpolate(picture, size=(64 // factor,) * 2, mode="bicubic", antialias=True)
            .clamp(0, 1)
            .mul(255)
            .round()
            .div(255)
        )
        for factor in (2, 4)
    }
    expected = {
        factor: F.interpolate(plane, scale_factor=float(factor), mode="bicubic")
        for factor, plane in small.items()
    }
    draws = random()
    seen = [enlarged(picture, draws) for _ in range(300)]
    found = {
        factor: np.mean([torch.allclose(one, whole, atol=1e-5) for one in seen])
        for factor, whole in expected.items()
    }
    assert found[2] == pytest.approx(0.3, abs=0.08)
    assert found[4] == pytest.approx(0.3, abs=0.08)


# Holes


def test_three_in_ten_pictures_with_holes_have_noise_on_both_sides() -> None:
    picture = flat(0.5, 1, 32)
    draws = random()
    noise = []
    for _ in range(300):
        clean, mask = holed(picture, draws)
        assert mask.shape == (1, 1, 32, 32)
        noise.append(float((clean - picture).std()))
    noisy = [255 * deviation for deviation in noise if deviation > 0]
    assert len(noisy) / 300 == pytest.approx(0.3, abs=0.08)
    assert max(noisy) < 10.5
    assert torch.equal(picture, flat(0.5, 1, 32))


def test_each_picture_has_holes_of_its_own() -> None:
    _, mask = holed(flat(0.5, 4, 64), random())
    assert len({plane.numpy().tobytes() for plane in mask}) == 4


def test_slight_damage_is_none_or_hardly_any() -> None:
    clean = detailed(1, 32)
    errors = [
        float((restoring.slight(clean, random(seed)) - clean).square().mean()) for seed in range(12)
    ]
    assert errors.count(0) in range(2, 11)
    assert max(errors) < 10**-2.5
    pairs = restoring.damaged(clean, random(), {"slight": 1.0})
    assert not pairs.mask.any()
