"""What a backend returns is checked here, once, before it reaches a photo."""

from __future__ import annotations

import torch

from ..backend import Backend, Draws, Gives, Guidance, Noise, Outcome, Shown
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
    for part in (results, outcome.evidence):
        if part is not None and not bool(torch.isfinite(part).all()):
            raise BackendError(
                f"{name} returned values that are not numbers",
                hint="try --precision fp32, or another --backend",
            )
    if draws.evidence and (outcome.evidence is None or backend.error_per_spread is None):
        raise BackendError(f"{name} drew no samples to measure doubt by", hint="drop --confidence")
    evidence = outcome.evidence
    return Outcome(results.float().cpu(), None if evidence is None else evidence.float().cpu())


def prepared(backend: Backend, overview: torch.Tensor | None, guidance: Guidance) -> object:
    """Let a backend look at the whole photo."""
    with torch.inference_mode():
        return backend.prepare(overview, guidance)
