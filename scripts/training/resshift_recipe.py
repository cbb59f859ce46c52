"""What the restorer's training is told: its configuration file, typed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from restore.nets.resshift.pixel import PixelConfig

from .told import Told


@dataclass(frozen=True)
class ResShiftRecipe(Told):
    """The configuration file."""

    side: int  #: of the patches, pixels
    batch: int
    validation_every: int  #: every so-many-th photograph is kept apart
    shares: dict[str, float]  #: of what has happened to pictures: see `degrading.restoring`
    net: PixelConfig

    @classmethod
    def read(cls, path: Path) -> ResShiftRecipe:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(**{**table, "net": PixelConfig.of(table["net"])})
