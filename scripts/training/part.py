"""A part of a network with the optimizers that train it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from .muon import Muon


class Part:
    """What is trained together, with its optimizers: Muon for matrices, AdamW for the rest."""

    def __init__(self, modules: Sequence[nn.Module], rate: float, weight_decay: float) -> None:
        parameters = [p for module in modules for p in module.parameters()]
        matrices = [p for p in parameters if p.ndim >= 2]
        rest = [p for p in parameters if p.ndim < 2]
        self._optimizers = (
            Muon(matrices, rate, weight_decay=weight_decay),
            torch.optim.AdamW(rest, rate, (0.9, 0.99), weight_decay=weight_decay),
        )

    def begin(self, rate: float) -> None:
        """Forget the last gradients; set the learning rate."""
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = rate

    def step(self) -> None:
        for optimizer in self._optimizers:
            optimizer.step()

    def state(self) -> list[dict[str, Any]]:
        return [optimizer.state_dict() for optimizer in self._optimizers]

    def restore(self, state: list[dict[str, Any]]) -> None:
        for optimizer, values in zip(self._optimizers, state, strict=True):
            optimizer.load_state_dict(values)
