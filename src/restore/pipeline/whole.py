"""The whole photo, small, for backends that answer with chroma on a grid.

Three passes, each by strips: the lightness is averaged down to what the backend sees; the
backend answers once; its chroma is brought up along the edges of the full-size lightness, which
is then what it was, to a fraction of a level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import color, evidence, noise
from ..backend import Backend, Draws, Guidance, Noise, Shown
from ..chroma import GuidedChroma
from ..clock import Stopwatch
from ..job import Job
from ..photo import Photo
from ..resample import strips
from . import contract
from .overview import grey_picture, small_lightness
from .restored import Confidence, Pixels, Restored
from .workers import Workers


def restore(
    photo: Photo,
    backend: Backend,
    job: Job,
    guidance: Guidance,
    draws: Draws,
    workers: Workers,
    clock: Stopwatch,
) -> Restored:
    """Show the photo once, resized; render results from chroma and the photo's own lightness."""
    height, width = photo.pixels.shape[:2]
    assert backend.limits.short_side is not None
    shown_size = backend.limits.whole(height, width, backend.limits.short_side)
    with clock("overview"):
        lightness = small_lightness(photo, shown_size, workers)
    with clock("network"):
        picture = grey_picture(lightness)
        prepared = contract.prepared(backend, picture, guidance)
        field = noise_under(job.seed, shown_size)
        outcome = contract.restored(backend, Shown(picture), prepared, draws, field)
    results = outcome.results[:, 0]
    grid_height, grid_width = results.shape[-2:]
    guide = F.adaptive_avg_pool2d(lightness[None], (grid_height, grid_width))[0]

    def render(sample: int) -> Pixels:
        guided = GuidedChroma(results[sample], guide, (height, width))
        pixels = np.empty((height, width, 3), photo.pixels.dtype)

        def strip(rows: tuple[int, int]) -> None:
            top, bottom = rows
            source = torch.from_numpy(photo.pixels[top:bottom])
            full = color.lightness(source, photo.space)
            ab = guided.rows(top, bottom, full)
            pixels[top:bottom] = color.colored(full, ab, photo.space, source.dtype).numpy()

        with clock("render"):
            workers.each(strip, strips(height, width))
        return pixels

    confidence = None
    if outcome.evidence is not None:
        assert backend.error_per_spread is not None  # the contract's check
        confidence = doubt(
            outcome.evidence[:, 0],
            None if outcome.expected is None else outcome.expected[0],
            lambda ab: color.in_gamut(guide, ab, photo.space),
            backend.error_per_spread,
            (height, width),
            workers,
            clock,
        )
    maps = {} if confidence is None else {"confidence": confidence.render}
    return Restored(render, confidence, maps=maps)


def noise_under(seed: int, size: tuple[int, int]) -> Noise:
    """Return the seed's noise under the whole shown photo."""

    def window(sample: int, step: int, channels: int, stride: int) -> Tensor:
        field = noise.window(
            seed, sample, step, channels, 0, 0, size[0] // stride, size[1] // stride
        )
        return torch.from_numpy(field)[None]

    return window


def doubt(
    samples: Tensor,
    expected: Tensor | None,
    fitted: Callable[[Tensor], Tensor],
    error_per_spread: float,
    size: tuple[int, int],
    workers: Workers,
    clock: Stopwatch,
) -> Confidence:
    """Measure how far true samples scatter, (S, 2, h, w), and offer the map at full size.

    What is measured is what would be seen: the chroma that is `fitted` into the gamut.
    """
    seen = torch.stack([fitted(sample) for sample in samples])
    spread = evidence.spread(seen, None if expected is None else fitted(expected))

    def render() -> evidence.Map:
        shown = np.empty(size, np.uint8)
        full = evidence.ConfidenceMap(spread * error_per_spread, size)

        def strip(rows: tuple[int, int]) -> None:
            shown[rows[0] : rows[1]] = full.rows(*rows)

        with clock("confidence"):
            workers.each(strip, strips(*size))
        return shown

    return Confidence(
        draws=len(samples),
        error_per_spread=error_per_spread,
        spread=spread,
        variance=samples.var(dim=0).sum(dim=0),
        guessed_share=evidence.guessed_share(spread * error_per_spread),
        render=render,
    )
