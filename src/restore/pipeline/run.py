"""Choose how a photo is shown to a backend, and show it."""

from __future__ import annotations

from dataclasses import replace

from ..backend import Backend, Draws, Guidance, Task
from ..clock import Stopwatch
from ..errors import BackendError
from ..job import Job
from ..photo import Photo
from . import denoising, tiled, whole
from .guidance import hints_of
from .restored import Restored
from .toning import colour_notice
from .workers import Workers

EVIDENCE_DRAWS = 8  #: true samples behind a confidence map, however many results are wanted


def evidence_draws(job: Job) -> int:
    """Return how many true samples the confidence map rests on; 0 if none is wanted."""
    return max(EVIDENCE_DRAWS, job.samples) if job.confidence else 0


def restore(
    photo: Photo, backend: Backend, job: Job, workers: Workers, clock: Stopwatch
) -> Restored:
    """Restore one photo.

    Raises:
        UsageError: If a hint lies outside the photo.
        BackendError: If the backend broke its contract.
        DeviceError: If memory does not suffice for the smallest tile.
    """
    if job.task is Task.DENOISE:
        if job.confidence:
            raise BackendError("denoising guesses no colours", hint="--removed shows what went")
        return denoising.restore(photo, backend, job, workers, clock)
    draws = Draws(results=job.samples, evidence=evidence_draws(job))
    guidance = Guidance(hints=hints_of(job.hints, photo))
    restore_photo = tiled.restore if backend.limits.short_side is None else whole.restore
    restored = restore_photo(photo, backend, job, guidance, draws, workers, clock)
    if job.confidence and restored.confidence is None:
        raise BackendError("doubt cannot be shown for tiles", hint="drop --confidence")
    if job.task is not Task.COLORIZE:
        return restored
    return replace(restored, notices=(*restored.notices, *colour_notice(photo, workers)))
