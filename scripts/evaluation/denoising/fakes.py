"""Denoisers of which it is known what they remove: one that is perfect, one that smears."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore.backend import Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
from restore.errors import BackendError

from ..metrics import Picture

_RADIUS = 2  # of the smearing, pixels


class _Known:
    """What both share: no weights and no choice."""

    gives: ClassVar[Gives] = Gives.RGB
    limits = Limits(tile=1 << 16)  # the whole photo
    scale = 1
    error_per_spread: float | None = None

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        raise BackendError("this denoiser is made for one picture, not loaded")

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> object:
        return None


class Knowing(_Known):
    """Answers with the picture that it was given: it removes exactly what was added."""

    def __init__(self, answer: Picture) -> None:
        self._answer = torch.from_numpy(np.ascontiguousarray(answer)).permute(2, 0, 1).float() / 255

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        return Outcome(self._answer.expand(draws.results, 1, *self._answer.shape))


class Smearing(_Known):
    """Averages squares of 5 x 5 pixels, noise or not."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        padded = F.pad(shown.picture, (_RADIUS,) * 4, mode="replicate")
        smooth = F.avg_pool2d(padded, 2 * _RADIUS + 1, 1)
        return Outcome(smooth.expand(draws.results, *smooth.shape))
