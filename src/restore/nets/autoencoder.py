"""An encoder-decoder that predicts the noise in a photograph, and an estimator of its level.

Two parts. `LevelEstimator` says how strong the noise is, per channel and place, on a grid of
cells. `Autoencoder` is shown the photograph together with such a map, from the estimator or from
a person, and returns the picture without its noise: it predicts what to take away.

Both first fold 2 x 2 pixels into channels: a quarter of the places for a small part of the cost
in quality. Plain convolutions and rectifiers without normalization, so that a place's result does
not depend on what else is in the picture.

Pictures are (N, 3, H, W), sRGB-encoded, [0, 1]; levels are standard deviations in the same units.
Both sides of a picture must be multiples of `MULTIPLE`.

References: U-Net, Ronneberger et al., arXiv:1505.04597; residual learning of noise, Zhang et al.,
arXiv:1608.03981; folding and the level map, Zhang et al., arXiv:1710.04026; residual blocks in a
U-Net that denoises, Zhang et al., arXiv:2008.13751; an estimator before the denoiser, Guo et al.,
arXiv:1807.04686.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FOLD = 2  #: pixels a side that become channels
CELL = 8  #: pixels a side of a cell of the level map
MULTIPLE = 8  #: the coarsest features have an eighth of the picture's sides


@dataclass(frozen=True)
class AutoencoderConfig:
    """What a file of weights needs to rebuild its networks."""

    widths: tuple[int, int, int] = (64, 128, 224)  #: channels at 1/2, 1/4, 1/8
    depths: tuple[int, int, int] = (2, 2, 2)  #: residual blocks at each, on the way down and up
    estimator_widths: tuple[int, int, int] = (32, 48, 64)  #: of the estimator, at the same sizes

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> AutoencoderConfig:
        """Read a table of JSON or TOML, which know no tuples."""
        return cls(**{name: tuple(value) for name, value in table.items()})


def folded_levels(cells: Tensor) -> Tensor:
    """Interpolate the level of cells, (N, 3, h, w), to where the network reads it."""
    return F.interpolate(cells, scale_factor=CELL // FOLD, mode="bilinear")


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


class Block(nn.Module):
    """Two convolutions around a shortcut (He et al., arXiv:1512.03385)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, channels)
        self.conv2 = _conv(channels, channels)
        nn.init.zeros_(self.conv2.weight)  # begin as nothing but shortcuts

    def forward(self, x: Tensor) -> Tensor:
        # In place, where no gradient needs what was there: half of a block's memory, and faster.
        return self.conv2(F.relu_(self.conv1(x))).add_(x)


def blocks(channels: int, count: int) -> nn.Sequential:
    """Return some blocks, one after the other."""
    return nn.Sequential(*(Block(channels) for _ in range(count)))


class LevelEstimator(nn.Module):
    """Reads the noise's deviation from a picture, blind."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.layers = nn.Sequential(
            *(
                _conv(3 * FOLD**2, fine),
                nn.ReLU(inplace=True),
                _conv(fine, fine),
                nn.ReLU(inplace=True),
            ),
            *(
                _conv(fine, middle, stride=2),
                nn.ReLU(inplace=True),
                _conv(middle, middle),
                nn.ReLU(inplace=True),
            ),
            *(
                _conv(middle, coarse, stride=2),
                nn.ReLU(inplace=True),
                _conv(coarse, coarse),
                nn.ReLU(inplace=True),
            ),
            nn.Conv2d(coarse, 3, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Return the level of every cell: (N, 3, H / CELL, W / CELL), at least 0."""
        folded = F.pixel_unshuffle(picture, FOLD)
        return self.layers(folded.to(next(self.parameters()).dtype)).abs()


class Autoencoder(nn.Module):
    """Takes the noise away that the level map tells of."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.widths
        inputs = 3 * FOLD**2
        self.head = _conv(inputs + 3, fine)
        self.down1 = blocks(fine, config.depths[0])
        self.shrink1 = nn.Conv2d(fine, middle, 2, stride=2)
        self.down2 = blocks(middle, config.depths[1])
        self.shrink2 = nn.Conv2d(middle, coarse, 2, stride=2)
        self.bottom = blocks(coarse, config.depths[2])
        self.grow2 = nn.ConvTranspose2d(coarse, middle, 2, stride=2)
        self.up2 = blocks(middle, config.depths[1])
        self.grow1 = nn.ConvTranspose2d(middle, fine, 2, stride=2)
        self.up1 = blocks(fine, config.depths[0])
        self.tail = _conv(fine, inputs)

    def forward(self, picture: Tensor, levels: Tensor) -> Tensor:
        """Return the picture without noise: (N, 3, H, W), not clipped.

        Only the noise is found in the weights' precision: the picture keeps its own.

        Args:
            picture: (N, 3, H, W).
            levels: (N, 3, H / FOLD, W / FOLD), the deviation of the noise; see `folded_levels`.
        """
        # In loops, in place and let go: what is alive at full size decides how large a tile can be.
        seen = torch.cat([F.pixel_unshuffle(picture, FOLD), levels.to(picture.dtype)], 1)
        first = self.head(seen.to(self.head.weight.dtype))
        del seen
        for block in self.down1:
            first = block(first)
        second = self.shrink1(first)
        for block in self.down2:
            second = block(second)
        third = self.shrink2(second)
        for block in self.bottom:
            third = block(third)
        second = self.grow2(third).add_(second)
        for block in self.up2:
            second = block(second)
        first = self.grow1(second).add_(first)
        del second, third
        for block in self.up1:
            first = block(first)
        return picture - F.pixel_shuffle(self.tail(first), FOLD).to(picture.dtype)


class Denoiser(nn.Module):
    """Both networks: what one file of weights holds."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.estimator = LevelEstimator(config.estimator_widths)
        self.autoencoder = Autoencoder(config)
