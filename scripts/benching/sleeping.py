"""A stand-in for a model on another device: it takes its time, and no processor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch

from restore import registry
from restore.backend import (
    Draws,
    Entry,
    Gives,
    Guidance,
    Limits,
    Noise,
    Outcome,
    Shown,
    Task,
    Value,
)

SECONDS = 0.2  #: a photo


class Sleeping:
    """Sleeps, then paints everything one colour."""

    gives: ClassVar[Gives] = Gives.CHROMA
    limits = Limits(multiple_of=16, minimum=32, short_side=128)
    scale = 1

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        return cls()

    def prepare(self, overview: torch.Tensor | None, guidance: Guidance) -> object:
        return None

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        time.sleep(SECONDS)
        count, _, height, width = shown.picture.shape
        return Outcome(torch.full((draws.results, count, 2, height // 4, width // 4), 8.0))


def register() -> str:
    """Put the backend into the table of this process; return its name."""
    entry = Entry(
        name="sleeping",
        target=f"{__name__}:{Sleeping.__name__}",
        tasks=(Task.COLORIZE,),
        summary="Sleeps.",
    )
    registry.BACKENDS = (*registry.BACKENDS, entry)
    return entry.name
