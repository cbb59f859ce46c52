"""What the denoiser's training is told: its configuration file, typed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from restore.nets.autoencoder import AutoencoderConfig

from .told import Told


@dataclass(frozen=True)
class Phase:
    """A part of the run with one patch size."""

    share: float  #: of the whole run's time
    side: int  #: of the patches, pixels
    batch: int


@dataclass(frozen=True)
class DenoiserRecipe(Told):
    """The configuration file."""

    trains: str  #: "all" or "estimator"
    level_floor: float  #: 8-bit levels: below it, how much less makes little difference
    told: float  #: chance that a picture comes with its true level, not the estimated one
    validation_every: int
    ways: dict[str, float]  #: of degrading, with their shares: see `degrading.chain`
    net: AutoencoderConfig
    phases: tuple[Phase, ...]

    @classmethod
    def read(cls, path: Path) -> DenoiserRecipe:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        net = AutoencoderConfig.of(table.pop("net"))
        phases = tuple(Phase(**phase) for phase in table.pop("phases"))
        return cls(**table, net=net, phases=phases)

    def phase_at(self, progress: float) -> Phase:
        """Return the phase after a share `progress` of the time."""
        end = 0.0
        for phase in self.phases:
            end += phase.share
            if progress < end:
                return phase
        return self.phases[-1]
