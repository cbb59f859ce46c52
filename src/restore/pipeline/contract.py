"""What a backend returns is checked here, once, before it reaches a photo."""

from __future__ import annotations

import torch

from ..backend import (
    LEVEL_CELL,
    Backend,
    Draws,
    Finder,
    Gives,
    Guidance,
    MeasuresNoise,
    Noise,
    Outcome,
    Shown,
)
from ..errors import BackendError
from ..job import Job

_FAULT = "this is a fault of the backend; choose another --backend"


def check(backend: Backend, job: Job) -> None:
    """Check that a loaded backend can serve a job, before any photo is read.

    Raises:
        BackendError: If doubt is asked for that was never measured, or if it gives chroma of tiles
            or pictures of whole photos.
    """
    name = job.entry.name
    if job.confidence and backend.error_per_spread is None:
        raise BackendError(f"how sure {name} is was never measured", hint="drop --confidence")
    if (backend.gives is Gives.CHROMA) != (backend.limits.short_side is not None):
        raise BackendError(
            f"{name} must give chroma of whole photos, or pictures of tiles; it mixes them",
            hint=_FAULT,
        )


def restored(
    backend: Backend, shown: Shown, prepared: object, draws: Draws, noise: Noise
) -> Outcome:
    """Call a backend and check its outcome; return it as float32 on the CPU.

    Raises:
        BackendError: If a part of it has the wrong shape, is not of floating point, or is not
            finite; or if there is no evidence where some was asked for.
    """
    with torch.inference_mode():
        outcome = backend.restore(shown, prepared, draws, noise)
    name = type(backend).__name__
    results = outcome.results
    n, _, height, width = shown.picture.shape
    grid = tuple(results.shape[3:])
    if backend.gives is Gives.RGB:
        due: tuple[object, ...] = (3, height * backend.scale, width * backend.scale)
    else:
        due = (2, *(grid if len(grid) == 2 else ("h", "w")))
    parts = (
        (results, (draws.results, n, *due)),
        (outcome.evidence, (draws.evidence, n, 2, *grid)),
        (outcome.expected, (n, 2, *grid)),
    )
    for part, expected in parts:
        if part is None:
            continue
        if tuple(part.shape) != expected:
            raise BackendError(
                f"{name} returned shape {tuple(part.shape)} where {expected} was due", hint=_FAULT
            )
        if not part.is_floating_point():
            raise BackendError(f"{name} returned {part.dtype}, not floating point", hint=_FAULT)
        if not bool(torch.isfinite(part).all()):
            raise BackendError(
                f"{name} returned values that are not numbers",
                hint="try --precision fp32, or another --backend",
            )
    if draws.evidence and outcome.evidence is None:
        raise BackendError(f"{name} drew no samples to measure doubt by", hint="drop --confidence")
    evidence, middle = (
        None if part is None else part.float().cpu()
        for part in (outcome.evidence, outcome.expected)
    )
    return Outcome(results.float().cpu(), evidence, middle)


def prepared(backend: Backend, overview: torch.Tensor | None, guidance: Guidance) -> object:
    """Let a backend look at the whole photo."""
    with torch.inference_mode():
        return backend.prepare(overview, guidance)


def likely(finder: Finder, picture: torch.Tensor) -> torch.Tensor:
    """Let a finder look at pictures and check what it saw.

    Raises:
        BackendError: If the map has the wrong shape, or holds what is no likelihood.
    """
    with torch.inference_mode():
        found = finder.likely(picture).float().cpu()
    n, _, height, width = picture.shape
    if tuple(found.shape) != (n, 1, height, width) or not bool(((found >= 0) & (found <= 1)).all()):
        raise BackendError(
            f"{type(finder).__name__} saw damage that cannot be",
            hint="try --precision fp32, or give a mask with --mask",
        )
    return found


def levels(backend: MeasuresNoise, shown: Shown) -> torch.Tensor:
    """Let a backend measure noise and check what it found.

    Raises:
        BackendError: If the map has the wrong shape, or holds what is no deviation.
    """
    with torch.inference_mode():
        found = backend.levels(shown).float().cpu()
    n, _, height, width = shown.picture.shape
    expected = (n, 3, height // LEVEL_CELL, width // LEVEL_CELL)
    if tuple(found.shape) != expected or not bool((torch.isfinite(found) & (found >= 0)).all()):
        raise BackendError(
            f"{type(backend).__name__} measured noise that cannot be",
            hint="try --precision fp32, or give the level with --sigma",
        )
    return found
