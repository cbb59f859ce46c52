"""What a backend returns is checked here, once, before it reaches a photo."""

from __future__ import annotations

import torch

from ..backend import (
    LEVEL_CELL,
    Backend,
    Draws,
    Gives,
    Guidance,
    MeasuresNoise,
    Noise,
    Outcome,
    Shown,
)
from ..errors import BackendError


def restored(
    backend: Backend, shown: Shown, prepared: object, draws: Draws, noise: Noise
) -> Outcome:
    """Call a backend and check its outcome.

    Raises:
        BackendError: If a result has the wrong shape or type, or is not finite.
    """
    with torch.inference_mode():
        outcome = backend.restore(shown, prepared, draws, noise)
    name = type(backend).__name__
    results = outcome.results
    n, _, height, width = shown.picture.shape
    if backend.gives is Gives.RGB:
        expected: tuple[int, ...] = (
            draws.results,
            n,
            3,
            height * backend.scale,
            width * backend.scale,
        )
        actual = tuple(results.shape)
    else:
        expected = (draws.results, n, 2)
        actual = tuple(results.shape[:3]) if results.ndim == 5 else tuple(results.shape)
    if actual != expected:
        raise BackendError(
            f"{name} returned shape {tuple(results.shape)} where {expected} was due",
            hint="this is a fault of the backend; choose another --backend",
        )
    for part in (results, outcome.evidence, outcome.expected):
        if part is not None and not bool(torch.isfinite(part).all()):
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
