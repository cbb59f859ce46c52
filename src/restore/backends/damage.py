"""Finds damage by a small network that looks at brightness alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from ..backend import Limits
from ..nets.damage import DamageConfig, DamageNet
from .stored import read_net

OVERLAP = 64  #: a place is influenced from farther away, but by little
TILE = 768
BYTES_PER_PIXEL = 250  #: of a tile, in float32


class DamageFinder:
    """Sees scratches, cracks and dust of some pixels, and flakes of some more."""

    def __init__(self, net: DamageNet, device: torch.device, dtype: torch.dtype) -> None:
        self._net = net.to(device, dtype).to(memory_format=torch.channels_last).eval()
        self._device = device
        self.damaged_share = net.config.damaged_share
        self.limits = Limits(
            multiple_of=net.multiple_of,
            minimum=net.multiple_of,
            tile=TILE,
            overlap=OVERLAP,
            bytes_per_pixel=BYTES_PER_PIXEL,
        )

    @classmethod
    def load(cls, weights: Mapping[str, Path], device: torch.device, dtype: torch.dtype) -> Self:
        (path,) = weights.values()
        net = read_net(path, lambda table: DamageNet(DamageConfig.of(table)))
        return cls(net, device, dtype)

    def likely(self, picture: Tensor) -> Tensor:
        return self._net.likely(picture.mean(1, keepdim=True).to(self._device))
