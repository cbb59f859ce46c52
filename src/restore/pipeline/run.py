"""Choose how a photo is shown to a backend, and show it."""

from __future__ import annotations

from dataclasses import replace

from ..backend import Backend, Draws, Finder, Guidance, Task
from ..clock import Stopwatch
from ..job import Job, MaskFile
from ..photo import Photo
from . import contract, denoising, filling, tiled, whole
from .enlarging import repetition_notice
from .guidance import hints_of
from .restored import Restored
from .toning import colour_notice
from .workers import Workers

EVIDENCE_DRAWS = 8  #: true samples behind a confidence map, however many results are wanted


def evidence_draws(job: Job) -> int:
    """Return how many true samples the confidence map rests on; 0 if none is wanted."""
    return max(EVIDENCE_DRAWS, job.samples) if job.confidence else 0


def restore(
    photo: Photo,
    backend: Backend,
    job: Job,
    workers: Workers,
    clock: Stopwatch,
    mask: MaskFile | Finder | None = None,
) -> Restored:
    """Restore one photo.

    Args:
        photo: What is restored.
        backend: Serves the job's task.
        job: Says how.
        workers: Compute strips and tiles.
        clock: Measures the stages.
        mask: What to fill, or what finds it; None if the task is not to fill.

    Raises:
        UsageError: If a hint lies outside the photo, or a mask does not fit it.
        BackendError: If the backend cannot serve the job, see `check`, or broke its contract.
        DeviceError: If memory does not suffice for the smallest tile.
    """
    contract.check(backend, job)
    evidence = evidence_draws(job)
    draws = Draws(results=job.samples, evidence=evidence)
    if job.task is Task.DENOISE:
        return denoising.restore(photo, backend, job, draws, workers, clock)
    if job.task is Task.INPAINT:
        assert mask is not None
        samples = max(job.samples, evidence)
        return filling.restore(photo, backend, job, mask, samples, workers, clock)
    guidance = Guidance(hints=hints_of(job.hints, photo))
    restore_photo = tiled.restore if backend.limits.short_side is None else whole.restore
    restored = restore_photo(photo, backend, job, guidance, draws, workers, clock)
    if job.task is Task.UPSCALE:
        notices = repetition_notice(photo.pixels, restored.render(0), backend.scale)
        return replace(restored, notices=(*restored.notices, *notices))
    return replace(restored, notices=(*restored.notices, *colour_notice(photo, workers)))
