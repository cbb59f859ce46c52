"""A network that sees where a photograph is scratched, cracked, dusty or flaked.

A U-Net on brightness alone, which prints of any tone share. It folds 2 x 2 pixels into channels,
as the denoiser does, and sees far: what tells a scratch from a twig or a wire is what is around it.
Plain convolutions without normalization, so that a place's answer does not depend on what else is
in the picture.

A picture is (N, 1, H, W), the mean of its channels, sRGB-encoded, [0, 1]; both sides must be
multiples of the network's `multiple_of`.

References: U-Net, Ronneberger et al., arXiv:1505.04597; a network that segments the scratches of
old prints, learned from drawn ones, Wan et al., arXiv:2004.09484, section 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .autoencoder import FOLD, blocks


@dataclass(frozen=True)
class DamageConfig:
    """What a file of weights needs to rebuild its network."""

    widths: tuple[int, ...] = (32, 64, 96, 128, 128)  #: channels at 1/2, 1/4, 1/8, 1/16, 1/32
    depths: tuple[int, ...] = (1, 2, 2, 2, 1)  #: residual blocks at each, on the way down and up
    damaged_share: float = 0.01  #: of the pixels that it learned from, which count

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> DamageConfig:
        """Read a table of JSON or TOML, which know no tuples."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in table.items()
        }
        return cls(**given)


class DamageNet(nn.Module):
    """Says of every pixel how likely it is damaged."""

    def __init__(self, config: DamageConfig) -> None:
        super().__init__()
        self.config = config
        widths, depths = config.widths, config.depths
        self.head = nn.Conv2d(FOLD**2, widths[0], 3, padding=1)
        self.down = nn.ModuleList(map(blocks, widths, depths))
        self.shrink = nn.ModuleList(
            nn.Conv2d(wide, wider, 2, stride=2) for wide, wider in pairwise(widths)
        )
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(wider, wide, 2, stride=2) for wide, wider in pairwise(widths)
        )
        self.up = nn.ModuleList(map(blocks, widths[:-1], depths[:-1]))
        self.tail = nn.Conv2d(widths[0], FOLD**2, 3, padding=1)

    @property
    def multiple_of(self) -> int:
        """What the sides of a picture must be multiples of, so that every size of features fits."""
        return FOLD * 2 ** len(self.shrink)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the logit of every pixel's being damaged: (N, 1, H, W)."""
        folded = F.pixel_unshuffle(picture - 0.5, FOLD)
        x = self.head(folded.to(self.head.weight.dtype))
        passed = []
        for some, shrink in zip(self.down, self.shrink, strict=False):
            x = some(x)
            passed.append(x)
            x = shrink(x)
        x = self.down[-1](x)
        for some, grow, beside in zip(
            reversed(self.up), reversed(self.grow), reversed(passed), strict=True
        ):
            x = some(grow(x) + beside)
        return F.pixel_shuffle(self.tail(x), FOLD).to(picture.dtype)

    @torch.no_grad()
    def likely(self, picture: Tensor) -> Tensor:
        """Return how likely every pixel is damaged: (N, 1, H, W) in [0, 1]."""
        return torch.sigmoid(self(picture))
