"""A network that imagines the colour of a photograph from its lightness.

Two parts, so that cost goes where it counts. `ChromaEncoder` reads the lightness
once per photograph and says what colour it expects on a grid four times coarser.
`ChromaDenoiser` is light: it runs once per diffusion step and sample, and turns
noise into one believable deviation from that expectation.

Chroma is CIE a* and b* divided by `AB_SCALE`; lightness is L* / 50 - 1. The grid is
a quarter of the lightness picture's size; both sides of the grid must be multiples of
`GRID_MULTIPLE`.

References: residual networks, He et al., arXiv:1512.03385; U-Net, Ronneberger et al.,
arXiv:1505.04597; conditioning on points and histograms, Zhang et al., arXiv:1705.02999.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AB_SCALE = 14.5  #: CIE a*, b* units per unit of the network: the deviation of the training photos
GRID_STRIDE = 4  #: lightness pixels per grid cell
GRID_MULTIPLE = 4  #: both parts halve the grid twice
HISTOGRAM_BINS = 20  #: per axis of the ab plane
HISTOGRAM_WIDTH = 12.0  #: CIE units per bin: 20 bins cover -120 to 120
HISTOGRAM_SIZE = HISTOGRAM_BINS**2 + 1  #: the last entry says whether a histogram was given


@dataclass(frozen=True)
class ChromaConfig:
    """What a file of weights needs to rebuild its network."""

    widths: tuple[int, int, int] = (64, 128, 224)  #: encoder channels at 1/4, 1/8, 1/16
    depths: tuple[int, int, int] = (1, 2, 2)  #: residual blocks at each of them
    attentions: int = 2  #: self-attention layers at 1/16
    denoiser_widths: tuple[int, int, int] = (64, 128, 192)  #: at 1, 1/2, 1/4 of the grid
    sigma_data: float = 0.85  #: deviation of the residual that is diffused, in network units
    error_per_spread: float = 0.65  #: CIEDE2000 to expect per CIE unit of the samples' spread

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> ChromaConfig:
        """Read a table of JSON or TOML, which know no tuples."""
        values: dict[str, Any] = dict(table)
        for name, value in values.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


@dataclass(frozen=True)
class Reading:
    """What the encoder saw in a photograph; all that the denoiser needs of it."""

    mean: Tensor  #: (N, 2, h, w), the expected chroma in network units
    fine: Tensor  #: (N, C1, h, w), features on the grid
    coarse: Tensor  #: (N, C3, h / 4, w / 4), features that saw the whole photograph


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut, optionally modulated per channel."""

    def __init__(self, channels: int, condition: int = 0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm2.weight)
        self.modulation = nn.Linear(condition, 2 * channels) if condition else None

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        y = self.norm1(self.conv1(x))
        if self.modulation is not None and condition is not None:
            scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, dim=1)
            y = torch.addcmul(y + shift, y, scale)
        return F.relu(x + self.norm2(self.conv2(F.relu(y))))


class SelfAttention(nn.Module):
    """Lets every place of the coarse map look at every other (Vaswani et al., arXiv:1706.03762)."""

    HEAD = 56

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // self.HEAD)
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # (N, hw, C)
        qkv = self.qkv(self.norm(tokens)).view(n, h * w, 3, self.heads, c // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (N, heads, hw, C / heads)
        seen = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, h * w, c)
        return x + self.out(seen).transpose(1, 2).view(n, c, h, w)


def _downsample(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class ChromaEncoder(nn.Module):
    """Reads lightness, hints and a histogram; expects a colour for every grid cell."""

    def __init__(self, config: ChromaConfig) -> None:
        super().__init__()
        c1, c2, c3 = config.widths
        d1, d2, d3 = config.depths
        self.stem = nn.Sequential(_downsample(1, c1 // 2), _downsample(c1 // 2, c1))
        self.hints = nn.Conv2d(3, c1, 3, padding=1)
        self.level1 = nn.ModuleList(ResidualBlock(c1) for _ in range(d1))
        self.down1 = _downsample(c1, c2)
        self.level2 = nn.ModuleList(ResidualBlock(c2) for _ in range(d2))
        self.down2 = _downsample(c2, c3)
        self.histogram = nn.Linear(HISTOGRAM_SIZE, c3)
        self.level3 = nn.ModuleList(ResidualBlock(c3) for _ in range(d3))
        self.attention = nn.ModuleList(SelfAttention(c3) for _ in range(config.attentions))
        self.top = ResidualBlock(c3)
        self.up2 = nn.Conv2d(c3, c2, 1)
        self.merge2 = ResidualBlock(c2)
        self.up1 = nn.Conv2d(c2, c1, 1)
        self.merge1 = ResidualBlock(c1)
        self.mean = nn.Conv2d(c1, 2, 3, padding=1)

    def forward(self, lightness: Tensor, hints: Tensor, histogram: Tensor) -> Reading:
        """Read a photograph.

        Args:
            lightness: (N, 1, 4h, 4w), in [-1, 1]; h and w are multiples of `GRID_MULTIPLE`.
            hints: (N, 3, h, w): chroma in network units where it is known, zero elsewhere, and
                the weight of that knowledge in [0, 1].
            histogram: (N, HISTOGRAM_SIZE): shares of the ab plane's bins, then 1; or all zero.
        """
        one = self.stem(lightness) + self.hints(hints)
        for block in self.level1:
            one = block(one)
        two = self.down1(one)
        for block in self.level2:
            two = block(two)
        three = self.down2(two) + self.histogram(histogram)[:, :, None, None]
        for block in self.level3:
            three = block(three)
        for layer in self.attention:
            three = layer(three)
        three = self.top(three)
        two = self.merge2(two + _double(self.up2(three)))
        one = self.merge1(one + _double(self.up1(two)))
        return Reading(self.mean(one), one, three)


class ChromaDenoiser(nn.Module):
    """A small U-Net on the grid: one evaluation of the diffusion's network, unscaled."""

    FREQUENCIES = 16

    def __init__(self, config: ChromaConfig) -> None:
        super().__init__()
        c1, c2, c3 = config.denoiser_widths
        fine, _, coarse = config.widths
        condition = 128
        self.noise = nn.Sequential(nn.Linear(2 * self.FREQUENCIES, condition), nn.SiLU())
        self.enter = nn.Conv2d(4, c1, 3, padding=1)
        self.fine = nn.Conv2d(fine, c1, 1)
        self.level1 = ResidualBlock(c1, condition)
        self.down1 = _downsample(c1, c2)
        self.level2 = ResidualBlock(c2, condition)
        self.down2 = _downsample(c2, c3)
        self.coarse = nn.Conv2d(coarse, c3, 1)
        self.level3 = ResidualBlock(c3, condition)
        self.attention = SelfAttention(c3)
        self.up2 = nn.Conv2d(c3, c2, 1)
        self.merge2 = ResidualBlock(c2, condition)
        self.up1 = nn.Conv2d(c2, c1, 1)
        self.merge1 = ResidualBlock(c1, condition)
        self.leave = nn.Conv2d(c1, 2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor, noise: Tensor, reading: Reading) -> Tensor:
        """Return the raw output for scaled noisy residuals.

        Args:
            x: (N, 2, h, w), about unit variance.
            noise: (N,), the noise level's code (`edm.Precondition.noise`).
            reading: Of the same N photographs.
        """
        octaves = torch.arange(self.FREQUENCIES, device=x.device, dtype=noise.dtype) / 2
        angles = noise[:, None] * 2.0**octaves / 4
        condition = self.noise(torch.cat([angles.sin(), angles.cos()], dim=1))
        one = self.enter(torch.cat([x, reading.mean], dim=1)) + self.fine(reading.fine)
        one = self.level1(one, condition)
        two = self.level2(self.down1(one), condition)
        three = self.level3(self.down2(two) + self.coarse(reading.coarse), condition)
        three = self.attention(three)
        two = self.merge2(two + _double(self.up2(three)), condition)
        one = self.merge1(one + _double(self.up1(two)), condition)
        return self.leave(one)


class ChromaNet(nn.Module):
    """Encoder and denoiser, as one file of weights holds them."""

    def __init__(self, config: ChromaConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ChromaEncoder(config)
        self.denoiser = ChromaDenoiser(config)


def histogram_of(ab: Tensor) -> Tensor:
    """Count chroma into the bins of the ab plane.

    Args:
        ab: (N, 2, H, W), CIE units.

    Returns:
        (N, HISTOGRAM_SIZE): shares that sum to 1, then a 1 for "given".
    """
    cells = (ab / HISTOGRAM_WIDTH + HISTOGRAM_BINS / 2).floor().clamp(0, HISTOGRAM_BINS - 1).long()
    index = (cells[:, 0] * HISTOGRAM_BINS + cells[:, 1]).flatten(1)
    counts = torch.zeros(len(ab), HISTOGRAM_SIZE, device=ab.device)
    counts.scatter_add_(1, index, torch.full(index.shape, 1 / index.shape[1], device=ab.device))
    counts[:, -1] = 1
    return counts
