"""What every training of a single optimizer is told."""

from __future__ import annotations

from dataclasses import dataclass

from .schedule import trapezoid


@dataclass(frozen=True)
class Told:
    """The fields that their configuration files share."""

    minutes: float
    seed: int
    learning_rate: float
    weight_decay: float
    averaging: float

    def rate_at(self, progress: float) -> float:
        """Return the learning rate after a share `progress` of the time."""
        return self.learning_rate * trapezoid(progress)
