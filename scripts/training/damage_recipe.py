"""What the training of the finder is told: its configuration file, typed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from restore.nets.damage import DamageConfig

from .told import Told


@dataclass(frozen=True)
class DamageRecipe(Told):
    """The configuration file."""

    side: int  #: of the patches, pixels
    batch: int
    detailed: float  #: share of the patches from detailed photographs, the rest from small ones
    validation_every: int  #: every so-many-th detailed photograph is kept apart
    net: DamageConfig

    @classmethod
    def read(cls, path: Path) -> DamageRecipe:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(**{**table, "net": DamageConfig.of(table["net"])})
