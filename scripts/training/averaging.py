"""Averaged weights, which are the ones that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn


class Averaged:
    """A moving average of a network's weights and statistics, over the last share of its steps.

    The power profile of Karras et al. 2023 (arXiv:2312.02696, section 3): it forgets the
    beginning, and what had not begun to train then, by itself.
    """

    def __init__(self, net: nn.Module, power: float) -> None:
        self.power = power
        self.values = {name: value.detach().clone() for name, value in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        keep = (1 - 1 / step) ** (self.power + 1)
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - keep)
            else:
                self.values[name].copy_(value)

    def save(self, path: Path, config: dict[str, Any]) -> None:
        """Write them in half precision, with the network's configuration inside the file."""
        half = {
            name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for name, value in self.values.items()
        }
        save_file(half, path, metadata={"config": json.dumps(config)})
