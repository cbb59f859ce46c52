"""What a colorizer's training is told: its configuration file, typed, and its schedules."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restore.nets.chroma import ChromaConfig

from .schedule import trapezoid


@dataclass(frozen=True)
class Phase:
    """A part of the run with one crop size."""

    share: float  #: of the whole run's time
    side: int  #: of the lightness crop, pixels
    batch: int
    smallest: float  #: smallest crop, in units of the photo's short side
    trains: tuple[str, ...]  #: "encoder", "denoiser"; what is not trained is as it was averaged
    draws: int = 1  #: noise levels a photo, when only the denoiser is trained


@dataclass(frozen=True)
class Recipe:
    """The configuration file, typed."""

    minutes: float
    seed: int
    learning_rate: float
    weight_decay: float
    averaging: float
    bins_weight: float
    hint_chance: float
    histogram_chance: float
    validation_every: int
    net: ChromaConfig
    phases: tuple[Phase, ...]

    @classmethod
    def read(cls, path: Path) -> Recipe:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        net = ChromaConfig.of(table.pop("net"))
        phases = tuple(
            Phase(**{**phase, "trains": tuple(phase["trains"])}) for phase in table.pop("phases")
        )
        return cls(**table, net=net, phases=phases)

    def phase_at(self, progress: float) -> Phase:
        """Return the phase after a share `progress` of the time."""
        end = 0.0
        for phase in self.phases:
            end += phase.share
            if progress < end:
                return phase
        return self.phases[-1]

    def rate_at(self, progress: float, part: str) -> float:
        """Return a part's learning rate after a share `progress` of the time.

        Over the phases that train it, it is a `trapezoid`.
        """
        ends = np.cumsum([0.0, *(phase.share for phase in self.phases)])
        trained = [k for k, phase in enumerate(self.phases) if part in phase.trains]
        start, stop = ends[trained[0]], ends[trained[-1] + 1]
        return self.learning_rate * trapezoid((progress - start) / (stop - start))
