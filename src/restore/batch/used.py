"""The weights that a job computes with, verified."""

from __future__ import annotations

from dataclasses import dataclass

from .. import weights
from ..job import Job
from ..weights import Verified


@dataclass(frozen=True)
class Used:
    """The files of what restores, and of what finds damage; None for what a job does without."""

    restorer: Verified | None
    finder: Verified | None

    @classmethod
    def of(cls, job: Job) -> Used:
        """Verify what a job needs.

        Raises:
            WeightsError: If weights are absent or differ from the lock.
            LicenceError: If a licence was not accepted.
        """
        return cls(
            weights.verified(job.model) if job.model else None,
            weights.verified(job.finder) if job.finder else None,
        )

    @property
    def models(self) -> tuple[Verified, ...]:
        return tuple(one for one in (self.restorer, self.finder) if one)
