"""The backend that changes nothing: a rehearsal for users, a real fake for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch

from ..backend import SCALES, Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
from ..errors import BackendError


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
        known = {"scale"} if task is Task.UPSCALE else set()
        if wrong := options.keys() ^ known:
            raise BackendError(
                f"options unknown or missing: {', '.join(sorted(wrong))}",
                hint=f"the options are {', '.join(known) or 'none'}",
            )
        scale = options.get("scale", 1)
        if task is Task.UPSCALE and scale not in SCALES:
            raise BackendError(f"scale {scale} is out of range", hint=" or ".join(map(str, SCALES)))
        return cls(int(scale))

    def prepare(self, overview: torch.Tensor | None, guidance: Guidance) -> object:
        return None

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        picture = shown.picture.repeat_interleave(self.scale, -2).repeat_interleave(self.scale, -1)
        return Outcome(picture.expand(draws.results, *picture.shape))
