"""The network that sees damage, with small random weights."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from tiny import DAMAGE

from restore.nets.damage import DamageConfig, DamageNet


@pytest.fixture
def net() -> DamageNet:
    torch.manual_seed(1)
    net = DamageNet(DAMAGE)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return net.eval()


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 32)])
def test_every_pixel_gets_its_answer(net: DamageNet, size: tuple[int, int]) -> None:
    assert net(torch.rand(2, 1, *size)).shape == (2, 1, *size)


def test_likelihoods_are_those_of_the_logits(net: DamageNet) -> None:
    picture = torch.rand(1, 1, 64, 64)
    likely = net.likely(picture)
    assert torch.allclose(torch.logit(likely), net(picture), atol=1e-4)
    assert not likely.requires_grad


def test_a_far_away_pixel_changes_nothing(net: DamageNet) -> None:
    picture = torch.rand(1, 1, 32, 640)
    changed = picture.clone()
    changed[..., 500:] = 0
    one, other = net(picture), net(changed)
    assert torch.allclose(one[..., :200], other[..., :200], atol=1e-6)
    assert not torch.allclose(one[..., 500:], other[..., 500:], atol=1e-2)


def test_every_size_of_features_counts(net: DamageNet) -> None:
    net(torch.rand(1, 1, 64, 64)).square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_the_network_that_ships_is_small_enough() -> None:
    ships = DamageNet(DamageConfig())
    assert ships.multiple_of == 32
    assert sum(p.numel() for p in ships.parameters()) < 3_000_000


def test_only_multiples_of_what_it_says_fit(net: DamageNet) -> None:
    side = net.multiple_of
    assert net(torch.rand(1, 1, side, side)).shape == (1, 1, side, side)
    with pytest.raises(RuntimeError):
        net(torch.rand(1, 1, side + side // 2, side))


def test_a_configuration_survives_json() -> None:
    table = json.loads(json.dumps(asdict(DAMAGE)))
    assert DamageConfig.of(table) == DAMAGE
