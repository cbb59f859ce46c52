"""The denoiser's networks, with small random weights."""

from __future__ import annotations

import pytest
import torch
from tiny import DENOISER

from restore.nets.autoencoder import (
    CELL,
    FOLD,
    AutoencoderConfig,
    Denoiser,
    folded_levels,
)


@pytest.fixture
def net() -> Denoiser:
    torch.manual_seed(1)
    net = Denoiser(DENOISER)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return net.eval()


@pytest.mark.parametrize("size", [(8, 8), (24, 40), (64, 16)])
def test_sizes_follow_the_picture(net: Denoiser, size: tuple[int, int]) -> None:
    picture = torch.rand(2, 3, *size)
    levels = net.estimator(picture)
    assert levels.shape == (2, 3, size[0] // CELL, size[1] // CELL)
    assert net.autoencoder(picture, folded_levels(levels)).shape == picture.shape


def test_levels_are_deviations(net: Denoiser) -> None:
    assert (net.estimator(torch.rand(1, 3, 32, 32)) >= 0).all()


def test_the_level_changes_what_is_removed(net: Denoiser) -> None:
    picture = torch.rand(1, 3, 32, 32)
    low, high = (torch.full((1, 3, 16, 16), level) for level in (0.01, 0.2))
    assert not torch.equal(net.autoencoder(picture, low), net.autoencoder(picture, high))


def test_a_far_away_pixel_changes_nothing(net: Denoiser) -> None:
    picture, levels = torch.rand(1, 3, 32, 512), torch.rand(1, 3, 16, 256)
    changed = picture.clone()
    changed[..., 400:] = 0
    one, other = net.autoencoder(picture, levels), net.autoencoder(changed, levels)
    assert torch.allclose(one[..., :200], other[..., :200], atol=1e-6)
    assert not torch.allclose(one[..., 400:], other[..., 400:], atol=1e-2)


def test_a_new_network_takes_almost_nothing_away() -> None:
    torch.manual_seed(0)
    net = Denoiser(DENOISER)
    blocks = [*net.autoencoder.down1, *net.autoencoder.bottom, *net.autoencoder.up2]
    x = torch.rand(1, blocks[0].conv1.in_channels, 8, 8)
    assert torch.equal(blocks[0](x), x + blocks[0].conv2.bias[:, None, None])


def test_folded_levels_stay_between_their_cells() -> None:
    cells = torch.tensor([[0.0, 0.4], [0.2, 0.1]]).expand(1, 3, 2, 2)
    folded = folded_levels(cells)
    assert folded.shape == (1, 3, 2 * CELL // FOLD, 2 * CELL // FOLD)
    assert torch.equal(folded[..., 0, 0], cells[..., 0, 0])
    assert folded.min() >= 0
    assert folded.max() <= 0.4


def test_the_network_that_ships_is_small_enough() -> None:
    parameters = sum(p.numel() for p in Denoiser(AutoencoderConfig()).parameters())
    assert parameters <= 4_000_000


def test_a_configuration_survives_json() -> None:
    table = {name: list(value) for name, value in vars(DENOISER).items()}
    assert AutoencoderConfig.of(table) == DENOISER
