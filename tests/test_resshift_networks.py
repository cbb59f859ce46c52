"""Attention in windows and over whole latents, the codebook, gradients."""

from __future__ import annotations

import pytest
import torch
from resshift_reference import TINY_UNET, TINY_VQ
from torch import Tensor

from restore.nets.resshift.swin import SwinBlock, WindowAttention, shifted_mask
from restore.nets.resshift.unet import UNetModelSwin
from restore.nets.resshift.vq import AttnBlock, VQAutoencoder, attend, nearest

WINDOW = 8


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def from_the_reference(height: int, width: int) -> Tensor:
    """The published code's mask as it came about: bands of rows, on a picture laid on its side."""
    bands = torch.zeros(height, width)
    bands[height - WINDOW : height - WINDOW // 2] = 1
    bands[height - WINDOW // 2 :] = 2
    tiles = bands.view(height // WINDOW, WINDOW, width // WINDOW, WINDOW)
    places = tiles.permute(0, 2, 3, 1).reshape(-1, WINDOW**2)  # each window is transposed
    return -100.0 * (places[:, None] != places[:, :, None])


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (16, 32), (32, 16), (64, 64), (24, 40)])
def test_the_mask_is_the_one_that_the_weights_know(size: tuple[int, int]) -> None:
    assert torch.equal(shifted_mask(*size, WINDOW), from_the_reference(*size))


@pytest.mark.parametrize("size", [(16, 16), (24, 40), (8, 16)])
@pytest.mark.parametrize("shifted", [True, False])
def test_a_block_attends_as_the_mask_of_its_size_says(size: tuple[int, int], shifted: bool) -> None:
    height, width = size
    block = SwinBlock(64, 2, WINDOW, 4, side=16, shifted=shifted)
    torch.nn.init.normal_(block.attn.relative_position_bias_table)
    x = torch.randn(2, 64, height, width)

    # Softmax written out, windows of one picture in reading order, one mask per window.
    tokens = block.norm1(x).permute(0, 2, 3, 1)
    if shifted:
        tokens = tokens.roll((-4, -4), (1, 2))
    tokens = tokens.reshape(2, height // 8, 8, width // 8, 8, 64).transpose(2, 3)
    qkv = block.attn.qkv(tokens.reshape(2, -1, 64, 64)).view(2, -1, 64, 3, 2, 32)
    q, k, v = qkv.permute(3, 0, 1, 4, 2, 5)  # each (picture, window, head, place, 32)
    table = block.attn.relative_position_bias_table[block.attn.relative_position_index]
    scores = q @ k.mT * 32**-0.5 + table.permute(2, 0, 1)
    if shifted:
        scores = scores + shifted_mask(height, width, WINDOW)[:, None]
    seen = block.attn.proj((scores.softmax(-1) @ v).transpose(2, 3).reshape(2, -1, 64, 64))
    seen = seen.view(2, height // 8, width // 8, 8, 8, 64).transpose(2, 3)
    seen = seen.reshape(2, height, width, 64)
    if shifted:
        seen = seen.roll((4, 4), (1, 2))
    x_1 = x + seen.permute(0, 3, 1, 2)
    expected = x_1 + block.mlp(block.norm2(x_1))
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-5)


def test_a_window_says_where_its_places_are() -> None:
    index = WindowAttention(64, 2, WINDOW).relative_position_index.view(8, 8, 8, 8)
    assert (index[3, 5, 3, 5], index[0, 0, 7, 7], index[7, 7, 0, 0]) == (112, 0, 224)
    # The number depends on the offset alone, and every offset has its own.
    assert torch.equal(index[1:, 1:, 1:, 1:], index[:-1, :-1, :-1, :-1])
    assert len(index.unique()) == 225


@pytest.mark.parametrize("at_once", [1, 7 * 96, 1 << 25])
def test_attention_in_parts_equals_the_full_one(at_once: int) -> None:
    q, k, v = torch.randn(3, 2, 96, 32)
    full = (q @ k.mT * 32**-0.5).softmax(-1) @ v
    torch.testing.assert_close(attend(q, k, v, at_once), full, rtol=0, atol=1e-5)


def test_the_autoencoders_attention_equals_the_full_one() -> None:
    block = AttnBlock(512)
    x = torch.randn(1, 512, 40, 24)
    h = block.norm(x)
    q, k, v = (part(h).flatten(2) for part in (block.q, block.k, block.v))
    seen = v @ (q.mT @ k * 512**-0.5).softmax(-1).mT
    expected = x + block.proj_out(seen.view(x.shape))
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("at_once", [1, 1000, 1 << 25])
def test_the_nearest_entry_is_found_in_parts(at_once: int) -> None:
    z, codebook = torch.randn(300, 3), torch.randn(50, 3)
    expected = torch.cdist(z.double(), codebook.double()).argmin(1)
    assert torch.equal(nearest(z, codebook, at_once), expected)


def test_decoding_knows_only_entries_of_the_codebook() -> None:
    autoencoder = VQAutoencoder(TINY_VQ)
    codebook = torch.nn.init.normal_(autoencoder.quantize.embedding["weight"])
    z = codebook[torch.randint(64, (1, 6, 10))].permute(0, 3, 1, 2)
    near = z + 1e-3 * torch.randn_like(z)
    assert torch.equal(autoencoder.quantize(near), z)
    assert torch.equal(autoencoder.decode(near), autoencoder.decode(z))
    assert autoencoder.decode(z).shape == (1, 3, 24, 40)


@torch.inference_mode()
def test_reduced_precision_changes_results_a_little_and_no_entry() -> None:
    net, autoencoder = UNetModelSwin(TINY_UNET), VQAutoencoder(TINY_VQ)
    torch.nn.init.normal_(autoencoder.quantize.embedding["weight"])
    x, t = torch.randn(1, 3, 16, 32), torch.tensor([1])
    full = net(x, t, net.condition(x)), autoencoder.quantize(x), autoencoder.decode(x)
    with torch.autocast("cpu", torch.bfloat16):
        reduced = net(x, t, net.condition(x)), autoencoder.quantize(x), autoencoder.decode(x)
    assert torch.equal(full[1], reduced[1])
    for one, other in ((full[0], reduced[0]), (full[2], reduced[2])):
        assert (one - other).abs().mean() < 0.05 * one.abs().mean()


def test_gradients_pass_what_is_computed_in_place() -> None:
    net = UNetModelSwin(TINY_UNET)
    x = torch.randn(2, 3, 16, 32)
    net(x, torch.tensor([0, 3]), net.condition(x)).square().mean().backward()
    silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []
