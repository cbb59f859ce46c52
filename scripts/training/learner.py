"""A network that one optimizer trains: what a checkpoint holds of it, and what every step does."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from .averaging import Averaged
from .part import Part
from .told import Told

Net = TypeVar("Net", bound=nn.Module)


class Learner(Generic[Net]):
    """A run of a single optimizer; a program adds its batches, its losses and its measures."""

    def __init__(self, net: Net, told: Told, device: torch.device) -> None:
        """Begin with a network as it was made, which has its configuration as `config`."""
        self.told, self.device = told, device
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.part = Part([self.trained], told.learning_rate, told.weight_decay)
        self.averaged = Averaged(self.net, told.averaging)
        self.generator = torch.Generator().manual_seed(told.seed)
        self.step, self.seconds, self.seen = 0, 0.0, 0

    @property
    def trained(self) -> nn.Module:
        """The part of the network that learns: all of it."""
        return self.net

    @property
    def progress(self) -> float:
        return self.seconds / (60 * self.told.minutes)

    def begin(self) -> None:
        """Prepare a step."""
        self.part.begin(self.told.rate_at(self.progress))

    def learn(self, loss: Tensor, pixels: int) -> None:
        """Take an optimizer step from a loss of so many pixels."""
        loss.backward()  # type: ignore[no-untyped-call]
        self.part.step()
        self.step += 1
        self.seen += pixels
        self.averaged.update(self.net, self.step)

    def average(self) -> Net:
        """Return a network with the averaged weights, ready for inference."""
        net = deepcopy(self.net).eval()
        net.load_state_dict(self.averaged.values)
        return net

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "part": self.part.state(),
            "averaged": self.averaged.values,
            "generator": self.generator.get_state(),
            "clock": (self.step, self.seconds, self.seen),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.part.restore(state["part"])
        self.averaged.values = {n: v.to(self.device) for n, v in state["averaged"].items()}
        self.generator.set_state(state["generator"].cpu())
        self.step, self.seconds, self.seen = state["clock"]

    def start_from(self, weights: Path) -> None:
        """Begin with the weights that an earlier run saved."""
        self.net.load_state_dict(load_file(weights))
        self.averaged = Averaged(self.net, self.told.averaging)

    def save_weights(self, path: Path) -> None:
        """Write the averaged weights in half precision, with the configuration inside the file."""
        self.averaged.save(path, asdict(self.net.config))  # type: ignore[call-overload]
