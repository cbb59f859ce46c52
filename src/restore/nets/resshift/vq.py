"""The autoencoder between photographs and latents, with a codebook on the way back.

A latent is used as the encoder leaves it; before decoding, each place of it is replaced by the
nearest entry of the codebook. What grows with the square of the picture, the attention in the
middle and the distances to the codebook, is computed in parts.

Modules are named as in the published files. Sources: VQGAN, Esser et al., arXiv:2012.09841;
latent diffusion, Rombach et al., arXiv:2112.10752.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AT_ONCE = 1 << 25  #: scores, or distances, that are in memory at a time


@dataclass(frozen=True)
class VQConfig:
    """The sizes of an autoencoder; the defaults are those of the published f4."""

    channels: int = 128
    multipliers: tuple[int, ...] = (1, 2, 4)  #: of `channels`, per level
    res_blocks: tuple[int, ...] = (2, 2, 2)  #: per level of the encoder; one more in the decoder
    latent_channels: int = 3
    codes: int = 8192

    @property
    def reduction(self) -> int:
        """Pixels, a side, per place of the latent."""
        return 2 ** (len(self.multipliers) - 1)


def attend(q: Tensor, k: Tensor, v: Tensor, at_once: int = AT_ONCE) -> Tensor:
    """Return softmax(q k^T / sqrt(C)) v, for some queries after others.

    Args:
        q: (N, places, C), like k and v.
        k: What places offer.
        v: What they say.
        at_once: The most scores of a part; at least one query is.
    """
    rows = max(1, at_once // (k.shape[0] * k.shape[1]))
    return torch.cat(
        [F.scaled_dot_product_attention(part, k, v) for part in torch.split(q, rows, 1)], 1
    )


def nearest(z: Tensor, codebook: Tensor, at_once: int = AT_ONCE) -> Tensor:
    """Return for each of z, (places, C), the index of the nearest row of the codebook, (n, C)."""
    norms = codebook.square().sum(1)
    # |z - e|^2 without |z|^2, which is the same for all entries.
    parts = torch.split(z, max(1, at_once // len(codebook)))
    return torch.cat([torch.addmm(norms, p, codebook.T, alpha=-2).argmin(1) for p in parts])


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1 = _norm(inputs)
        self.conv1 = _conv(inputs, outputs)
        self.norm2 = _norm(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.nin_shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x), inplace=True))
        h = self.conv2(F.silu(self.norm2(h), inplace=True))
        return h.add_(self.nin_shortcut(x))


class AttnBlock(nn.Module):
    """Lets every place look at every other, with one head, around a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm(x)
        q, k, v = (part(h).flatten(2).transpose(1, 2) for part in (self.q, self.k, self.v))
        seen = attend(q, k, v).transpose(1, 2).reshape(x.shape)
        return self.proj_out(seen).add_(x)


class Middle(nn.Module):
    """What happens at the coarsest level of either half."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels)
        self.attn_1 = AttnBlock(channels)
        self.block_2 = ResnetBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Downsample(nn.Module):
    """Halves both sides; the border is padded at the bottom and the right alone."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Doubles both sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def _blocks(inputs: int, outputs: int, count: int) -> nn.Sequential:
    widths = [inputs] + [outputs] * count
    return nn.Sequential(*map(ResnetBlock, widths[:-1], widths[1:]))


class DownLevel(nn.Module):
    """Blocks of one size, then the next smaller one, if there is one."""

    def __init__(self, inputs: int, outputs: int, blocks: int, last: bool) -> None:
        super().__init__()
        self.block = _blocks(inputs, outputs, blocks)
        self.downsample = nn.Identity() if last else Downsample(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.downsample(self.block(x))


class UpLevel(nn.Module):
    """Blocks of one size, then the next larger one, if there is one."""

    def __init__(self, inputs: int, outputs: int, blocks: int, last: bool) -> None:
        super().__init__()
        self.block = _blocks(inputs, outputs, blocks)
        self.upsample = nn.Identity() if last else Upsample(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(self.block(x))


class Encoder(nn.Module):
    """Photograph to latent."""

    def __init__(self, config: VQConfig) -> None:
        super().__init__()
        widths = [config.channels * multiplier for multiplier in config.multipliers]
        deepest = len(widths) - 1
        self.conv_in = _conv(3, config.channels)
        self.down = nn.Sequential(
            *(
                DownLevel(inputs, outputs, config.res_blocks[level], last=level == deepest)
                for level, (inputs, outputs) in enumerate(pairwise([config.channels, *widths]))
            )
        )
        self.mid = Middle(widths[-1])
        self.norm_out = _norm(widths[-1])
        self.conv_out = _conv(widths[-1], config.latent_channels)

    def forward(self, x: Tensor) -> Tensor:
        h = self.mid(self.down(self.conv_in(x)))
        return self.conv_out(F.silu(self.norm_out(h), inplace=True))


class Decoder(nn.Module):
    """Latent to photograph; level 0 is the finest, and the last to come."""

    def __init__(self, config: VQConfig) -> None:
        super().__init__()
        widths = [config.channels * multiplier for multiplier in config.multipliers]
        self.conv_in = _conv(config.latent_channels, widths[-1])
        self.mid = Middle(widths[-1])
        self.up = nn.ModuleList(
            UpLevel(inputs, outputs, config.res_blocks[level] + 1, last=level == 0)
            for level, (outputs, inputs) in enumerate(pairwise([*widths, widths[-1]]))
        )
        self.norm_out = _norm(widths[0])
        self.conv_out = _conv(widths[0], 3)

    def forward(self, z: Tensor) -> Tensor:
        h = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            h = level(h)
        return self.conv_out(F.silu(self.norm_out(h), inplace=True))


class Quantizer(nn.Module):
    """Replaces each place of a latent by the nearest entry of the codebook."""

    def __init__(self, config: VQConfig) -> None:
        super().__init__()
        # No `nn.Embedding`: to plan one on the meta device imports half of torch, for seconds.
        codebook = nn.Parameter(torch.zeros(config.codes, config.latent_channels))
        self.embedding = nn.ParameterDict({"weight": codebook})

    def forward(self, z: Tensor) -> Tensor:
        n, c, h, w = z.shape
        places = z.permute(0, 2, 3, 1).reshape(-1, c).float()
        codebook = self.embedding["weight"].float()
        with torch.autocast(z.device.type, enabled=False):  # rounded, other entries are nearest
            index = nearest(places, codebook)
        return codebook[index].view(n, h, w, c).permute(0, 3, 1, 2).to(z.dtype)


class VQAutoencoder(nn.Module):
    """Both halves and the codebook, as one file of weights holds them."""

    def __init__(self, config: VQConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quantize = Quantizer(config)
        self.quant_conv = nn.Conv2d(config.latent_channels, config.latent_channels, 1)
        self.post_quant_conv = nn.Conv2d(config.latent_channels, config.latent_channels, 1)

    def encode(self, photo: Tensor) -> Tensor:
        """Return the latent of a photograph, before the codebook.

        Args:
            photo: (N, 3, H, W), in [-1, 1]; both sides are multiples of `config.reduction`.

        Returns:
            (N, C, H / reduction, W / reduction).
        """
        return self.quant_conv(self.encoder(photo))

    def decode(self, z: Tensor) -> Tensor:
        """Return the photograph of a latent, by way of the codebook.

        Args:
            z: (N, C, h, w).

        Returns:
            (N, 3, `reduction` h, `reduction` w), about [-1, 1], not clamped.
        """
        return self.decoder(self.post_quant_conv(self.quantize(z)))
