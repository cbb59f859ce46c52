"""The published network: a U-Net with one layer of window attention per level.

It is shown z_t (scaled, see `Schedule.scaled`), the step t, and the degraded photograph in pixels,
which a few convolutions bring to the latent's size. It answers with z_0 itself.

Modules are named as in the published files. The layers that training would start at zero are
not: this network is here to be filled from a file.

Sources: arXiv:2307.12348, section 3; U-Net, Ronneberger et al., arXiv:1505.04597; blocks that the
step scales and shifts, Dhariwal and Nichol, arXiv:2105.05233.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .swin import SwinLayer


@dataclass(frozen=True)
class UNetConfig:
    """The sizes of a network; the defaults are those of all published models."""

    latent_channels: int = 3
    latent_side: int = 64  #: in training; says where attention may shift
    photo_side: int = 64  #: of the degraded photograph that belongs to such a latent
    masked: bool = False  #: is shown a mask beside the photograph
    channels: int = 160
    multipliers: tuple[int, ...] = (1, 2, 2, 4)  #: of `channels`, per level
    res_blocks: int = 2  #: per level on the way down; one more on the way up
    swin_channels: int = 192
    swin_depth: int = 2
    head_channels: int = 32
    window: int = 8
    mlp_ratio: int = 4

    @property
    def reduction(self) -> int:
        """Pixels of the photograph, a side, per place of the latent."""
        return self.photo_side // self.latent_side

    @property
    def multiple(self) -> int:
        """What both sides of a latent must be multiples of."""
        return self.window * 2 ** (len(self.multipliers) - 1)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


class ResBlock(nn.Module):
    """Two convolutions around a shortcut; the step scales and shifts between them."""

    def __init__(self, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(
            nn.GroupNorm(32, inputs), nn.SiLU(inplace=True), _conv(inputs, outputs)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, 2 * outputs))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(32, outputs),
            nn.SiLU(inplace=True),
            nn.Dropout(0.0),
            _conv(outputs, outputs),
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.emb_layers(embedding)[:, :, None, None].chunk(2, dim=1)
        norm, *rest = self.out_layers
        h = torch.addcmul(shift, norm(self.in_layers(x)), 1 + scale)
        for layer in rest:
            h = layer(h)
        return h.add_(self.skip_connection(x))


class Downsample(nn.Module):
    """Halves both sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.op = _conv(inputs, outputs, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    """Doubles both sides."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Stage(nn.ModuleList):
    """Layers in a row, of which blocks are told the step."""

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        for layer in self:
            x = layer(x, embedding) if isinstance(layer, ResBlock) else layer(x)
        return x


def _feature_extractor(inputs: int, reduction: int) -> nn.Sequential:
    """Bring a photograph to the latent's size; nothing where it has it."""
    layers: list[nn.Module] = []
    for width in (16 * 2**k for k in range(reduction.bit_length() - 1)):
        layers += [_conv(inputs, width), nn.SiLU(inplace=True), Downsample(width, 2 * width)]
        inputs = 2 * width
    return nn.Sequential(*layers)


def sinusoids(t: Tensor, channels: int) -> Tensor:
    """Return the code of steps t, (N,): cosines, then sines, (N, channels), float32."""
    half = torch.arange(channels // 2, dtype=torch.float32, device=t.device)
    angles = t[:, None].float() * torch.exp(half * (-math.log(10_000) / (channels // 2)))
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class UNetModelSwin(nn.Module):
    """Predicts z_0 from z_t, t and the degraded photograph."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        embedding = 4 * config.channels
        self.time_embed = nn.Sequential(
            nn.Linear(config.channels, embedding),
            nn.SiLU(inplace=True),
            nn.Linear(embedding, embedding),
        )
        shown = 3 + config.masked
        self.feature_extractor = _feature_extractor(shown, config.reduction)
        features = shown if config.reduction == 1 else 16 * config.reduction

        def block(inputs: int, outputs: int) -> ResBlock:
            return ResBlock(inputs, outputs, embedding)

        def swin(channels: int, level: int) -> SwinLayer:
            return SwinLayer(
                channels,
                config.swin_channels,
                config.swin_channels // config.head_channels,
                depth=config.swin_depth,
                window=config.window,
                mlp_ratio=config.mlp_ratio,
                side=config.latent_side >> level,
            )

        widths = [config.channels * multiplier for multiplier in config.multipliers]
        bottom = len(widths) - 1
        width = config.channels
        down = [Stage([_conv(config.latent_channels + features, width)])]
        skips = [width]
        for level, outputs in enumerate(widths):
            for k in range(config.res_blocks):
                down.append(Stage([block(width, outputs)]))
                if k == 0:
                    down[-1].append(swin(outputs, level))
                width = outputs
                skips.append(width)
            if level < bottom:
                down.append(Stage([Downsample(width, width)]))
                skips.append(width)
        self.input_blocks = nn.ModuleList(down)
        self.middle_block = Stage([block(width, width), swin(width, bottom), block(width, width)])
        up: list[Stage] = []
        for level, outputs in reversed(list(enumerate(widths))):
            for k in range(config.res_blocks + 1):
                up.append(Stage([block(width + skips.pop(), outputs)]))
                if k == 0:
                    up[-1].append(swin(outputs, level))
                width = outputs
            if level:
                up[-1].append(Upsample(width))
        self.output_blocks = nn.ModuleList(up)
        self.out = nn.Sequential(
            nn.GroupNorm(32, width), nn.SiLU(inplace=True), _conv(width, config.latent_channels)
        )

    def condition(self, photo: Tensor, mask: Tensor | None = None) -> Tensor:
        """Look at the degraded photograph, once for all steps.

        Args:
            photo: (N, 3, `reduction` h, `reduction` w), in [-1, 1], for latents of h x w; black
                where it is to be filled.
            mask: (N, 1, ...), like the photo: 1 where it is to be filled, else -1; for a network
                that is shown masks, and only for such a one.

        Returns:
            (N, features, h, w).

        Raises:
            ValueError: If a mask is missing or not expected.
        """
        if self.config.masked != (mask is not None):
            raise ValueError("the network needs a mask" if mask is None else "it knows no masks")
        return self.feature_extractor(photo if mask is None else torch.cat([photo, mask], dim=1))

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """Predict z_0.

        Args:
            x: (N, C, h, w), scaled; h and w are multiples of `config.multiple`.
            t: (N,), the steps, from 0 to T - 1.
            condition: Of the same N photographs.

        Raises:
            ValueError: If the size is not such a multiple.
        """
        if any(side % self.config.multiple for side in x.shape[-2:]):
            raise ValueError(f"{tuple(x.shape)} is no multiple of {self.config.multiple}")
        embedding = self.time_embed(sinusoids(t, self.config.channels).to(x.dtype))
        h = torch.cat([x, condition], dim=1)
        skips = []
        for stage in self.input_blocks:
            h = stage(h, embedding)
            skips.append(h)
        h = self.middle_block(h, embedding)
        for stage in self.output_blocks:
            h = stage(torch.cat([h, skips.pop()], dim=1), embedding)
        return self.out(h)
