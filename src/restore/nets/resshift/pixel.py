"""A small network for ResShift on pixels: what a picture was, from its state and what is left.

It sees three things at once: the state of the chain, the degraded picture, and where there are
holes, and is told the step by scales and shifts of its features. One network serves damage that
is everywhere (noise, blur, compression), holes, and enlarging, where the degraded picture is a
smooth enlargement.

The body is the shape of our denoiser's (`restore.nets.autoencoder`), whose weights it can begin
with, one level deeper so that it sees across holes. Pictures are (N, 3, H, W), sRGB-encoded,
[0, 1]. Both sides must be multiples of `MULTIPLE`.

References: Yue et al., arXiv:2403.07319; features shifted and scaled by a step, Dumoulin et al.,
arXiv:1610.07629, section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .schedule import Schedule

FOLD = 2  #: pixels a side that become channels
MULTIPLE = 16  #: the coarsest features have a sixteenth of the picture's sides
STEPS = 4


@dataclass(frozen=True)
class PixelConfig:
    """What a file of weights needs to rebuild its network and its chain."""

    widths: tuple[int, int, int, int] = (64, 128, 224, 256)  #: channels at 1/2, 1/4, 1/8, 1/16
    depth: int = 2  #: residual blocks at each, on the way down; and up, at the first two
    kappa: float = 0.25  #: deviation of the chain's noise at its end, where 1 is white
    least_noise: float = 0.1  #: the share of it after the first step
    #: task -> CIEDE2000 to expect per CIE unit of the samples' spread; none: it was not measured
    error_per_spread: Mapping[str, float] = field(default_factory=dict)

    @property
    def schedule(self) -> Schedule:
        """The chain that the network was trained on."""
        return Schedule(STEPS, self.least_noise, self.kappa)

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> PixelConfig:
        """Read a table of JSON or TOML, which know no tuples."""
        return cls(**{**table, "widths": tuple(table.get("widths", cls.widths))})


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class SteppedBlock(nn.Module):
    """Two convolutions around a shortcut; between them the step scales and shifts."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, channels)
        self.conv2 = _conv(channels, channels)
        self.of_step = nn.Parameter(torch.zeros(STEPS, 2, channels))
        for parameter in self.conv2.parameters():  # begin as nothing but shortcuts
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """Return features like x, (N, C, H, W), at the steps (N,)."""
        scale, shift = self.of_step[step][..., None, None].to(x.dtype).unbind(1)
        return self.conv2(F.relu_(torch.addcmul(shift, self.conv1(x), 1 + scale))).add_(x)


def _blocks(channels: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(SteppedBlock(channels) for _ in range(count))


class PixelNet(nn.Module):
    """Predicts the undamaged picture."""

    def __init__(self, config: PixelConfig) -> None:
        super().__init__()
        self.config = config
        first, second, third, fourth = config.widths
        pixels = 3 * FOLD**2
        self.head = _conv(2 * pixels + FOLD**2, first)
        self.down1 = _blocks(first, config.depth)
        self.shrink1 = nn.Conv2d(first, second, 2, stride=2)
        self.down2 = _blocks(second, config.depth)
        self.shrink2 = nn.Conv2d(second, third, 2, stride=2)
        self.down3 = _blocks(third, config.depth)
        self.shrink3 = nn.Conv2d(third, fourth, 2, stride=2)
        self.bottom = _blocks(fourth, config.depth)
        self.grow3 = nn.ConvTranspose2d(fourth, third, 2, stride=2)
        self.grow2 = nn.ConvTranspose2d(third, second, 2, stride=2)
        self.up2 = _blocks(second, config.depth)
        self.grow1 = nn.ConvTranspose2d(second, first, 2, stride=2)
        self.up1 = _blocks(first, config.depth)
        self.tail = _conv(first, pixels)

    def forward(self, state: Tensor, degraded: Tensor, mask: Tensor, step: Tensor) -> Tensor:
        """Return what the picture was: (N, 3, H, W), not clipped.

        Only what is to change is found in the weights' precision: the rest keeps its own.

        Args:
            state: (N, 3, H, W), of the chain, divided as the schedule says.
            degraded: (N, 3, H, W), its holes filled smoothly.
            mask: (N, 1, H, W), 1 in the holes, 0 elsewhere.
            step: (N,) int64, from 0 to STEPS - 1.
        """
        seen = torch.cat([degraded, state, mask], 1)
        first = self.head(F.pixel_unshuffle(seen, FOLD).to(self.head.weight.dtype))
        del seen
        for block in self.down1:
            first = block(first, step)
        second = self.shrink1(first)
        for block in self.down2:
            second = block(second, step)
        third = self.shrink2(second)
        for block in self.down3:
            third = block(third, step)
        fourth = self.shrink3(third)
        for block in self.bottom:
            fourth = block(fourth, step)
        third = self.grow3(fourth).add_(third)
        second = self.grow2(third).add_(second)
        for block in self.up2:
            second = block(second, step)
        first = self.grow1(second).add_(first)
        del second, third, fourth
        for block in self.up1:
            first = block(first, step)
        return degraded - F.pixel_shuffle(self.tail(first), FOLD).to(degraded.dtype)
