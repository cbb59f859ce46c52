"""The backend that changes nothing: a rehearsal for users, a real fake for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch

from ..backend import Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
from .scaling import scale_of


class Identity:
    """Returns what it is shown; enlarging, it repeats every pixel."""

    gives: ClassVar[Gives] = Gives.RGB

    error_per_spread = None

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.limits = Limits()

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        return cls(scale_of(task, options))

    def prepare(self, overview: torch.Tensor | None, guidance: Guidance) -> object:
        return None

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        picture = shown.picture.repeat_interleave(self.scale, -2).repeat_interleave(self.scale, -1)
        return Outcome(picture.expand(draws.results, *picture.shape))
