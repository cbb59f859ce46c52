from __future__ import annotations

import pytest
import torch

from restore.nets.chroma import (
    HISTOGRAM_SIZE,
    ChromaConfig,
    ChromaNet,
    Reading,
    histogram_of,
)

TINY = ChromaConfig((8, 16, 56), (1, 1, 1), 1, (8, 8, 56))


@pytest.fixture(scope="module")
def net() -> ChromaNet:
    torch.manual_seed(0)
    net = ChromaNet(TINY).eval()
    for parameter in net.parameters():  # some start at zero, and would hide what they do
        torch.nn.init.normal_(parameter, std=0.1)
    return net


def read(net: ChromaNet, size: tuple[int, int], hints: torch.Tensor | None = None) -> Reading:
    height, width = size
    lightness = torch.linspace(-1, 1, 16 * height * width).view(1, 1, 4 * height, 4 * width)
    if hints is None:
        hints = torch.zeros(1, 3, height, width)
    return net.encoder(lightness, hints, torch.zeros(1, HISTOGRAM_SIZE))


@pytest.mark.parametrize("size", [(4, 4), (8, 20), (32, 12)])
def test_shapes(net: ChromaNet, size: tuple[int, int]) -> None:
    reading = read(net, size)
    assert reading.mean.shape == (1, 2, *size)
    assert reading.coarse.shape[-2:] == (size[0] // 4, size[1] // 4)
    raw = net.denoiser(torch.zeros(1, 2, *size), torch.zeros(1), reading)
    assert raw.shape == (1, 2, *size)


def test_hints_and_histogram_are_heard(net: ChromaNet) -> None:
    plain = read(net, (8, 8)).mean
    hints = torch.zeros(1, 3, 8, 8)
    hints[0, :, 4, 4] = torch.tensor([2.0, -2.0, 1.0])
    assert not torch.allclose(read(net, (8, 8), hints).mean, plain)
    lightness = torch.linspace(-1, 1, 32 * 32).view(1, 1, 32, 32)
    histogram = histogram_of(torch.full((1, 2, 4, 4), 30.0))
    told = net.encoder(lightness, torch.zeros(1, 3, 8, 8), histogram).mean
    assert not torch.allclose(told, plain)


def test_a_photo_does_not_depend_on_its_batch(net: ChromaNet) -> None:
    lightness = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    hints, histogram = torch.zeros(3, 3, 8, 8), torch.zeros(3, HISTOGRAM_SIZE)
    together = net.encoder(lightness, hints, histogram).mean
    alone = net.encoder(lightness[1:2], hints[:1], histogram[:1]).mean
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


def test_histogram_counts_shares() -> None:
    ab = torch.tensor([[0.0, 0.0, 0.0, 500.0], [0.0, 0.0, -13.0, -500.0]]).view(1, 2, 2, 2)
    histogram = histogram_of(ab)
    assert histogram[0, -1] == 1
    assert histogram[0, :-1].sum() == 1
    assert histogram[0, 10 * 20 + 10] == 0.5
    assert histogram[0, 10 * 20 + 8] == 0.25
    assert histogram[0, 19 * 20 + 0] == 0.25  # beyond the table: its last bin
