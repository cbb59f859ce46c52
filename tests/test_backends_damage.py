"""What finds damage, with small random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import damage_net, denoiser_net

from restore import registry
from restore.backends.damage import DamageFinder
from restore.errors import WeightsError

CPU = torch.device("cpu")


@pytest.fixture
def finder(tmp_path: Path) -> DamageFinder:
    return DamageFinder.load(damage_net(tmp_path), CPU, torch.float32)


def test_it_is_what_the_registry_names() -> None:
    assert registry.load_finder() is DamageFinder


def test_it_says_how_likely_every_pixel_is_damaged(finder: DamageFinder) -> None:
    side = finder.limits.multiple_of
    likely = finder.likely(torch.rand(2, 3, side, 2 * side))
    assert likely.shape == (2, 1, side, 2 * side)
    assert 0 <= likely.min() < likely.max() <= 1


def test_colour_makes_no_difference(finder: DamageFinder) -> None:
    picture = torch.rand(1, 3, 128, 128)
    assert torch.allclose(finder.likely(picture), finder.likely(picture.flip(1)), atol=1e-5)


def test_a_batch_does_not_matter(finder: DamageFinder) -> None:
    pictures = torch.rand(3, 3, 128, 128)
    alone = torch.cat([finder.likely(one[None]) for one in pictures])
    assert torch.allclose(finder.likely(pictures), alone, atol=1e-5)


def test_reduced_precision_is_the_networks(tmp_path: Path) -> None:
    picture = torch.rand(1, 3, 128, 128)
    exact, reduced = (
        DamageFinder.load(damage_net(tmp_path), CPU, dtype).likely(picture)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert reduced.dtype == torch.float32
    assert 0 < (exact - reduced).abs().max() < 0.1


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights of this backend"):
        DamageFinder.load(denoiser_net(tmp_path), CPU, torch.float32)
