"""The one place where the evaluation drives the product: its pipeline, on a grey array."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch

from restore import registry, weights
from restore.backend import Backend, Task, Value
from restore.clock import Stopwatch
from restore.cores import usable_cores
from restore.device import freeze_arithmetic
from restore.job import Job
from restore.photo import Photo
from restore.pipeline import Confidence, Restored, Workers, restore

from .metrics import Picture


@dataclass(frozen=True)
class Look:
    """Settings other than the default ones."""

    variety: float
    saturation: float


class Colorizer:
    """The default backend, with its own weights or others for the same network."""

    def __init__(self, file: Path | None = None, steps: int | None = None) -> None:
        freeze_arithmetic()
        self._entry = registry.find(registry.names(Task.COLORIZE)[0], Task.COLORIZE)
        self._file = file or weights.verified(self._entry.models[0]).path
        self._steps = steps
        self._workers = Workers(usable_cores())
        self._backend = lru_cache(self._load)

    def results(self, grey: Picture, look: Look | None, samples: int, seed: int) -> list[Picture]:
        """Colorize an 8-bit grey picture, (H, W, 1); `look` None means the default settings."""
        restored = self._restore(grey, look, seed, samples=samples)
        return [restored.render(sample) for sample in range(samples)]

    def confidence(self, grey: Picture, seed: int) -> Confidence:
        """Return how sure a grey picture's colours are: eight true samples are behind it."""
        restored = self._restore(grey, None, seed, confidence=True)
        assert restored.confidence is not None  # it was asked for
        return restored.confidence

    def _restore(
        self,
        grey: Picture,
        look: Look | None,
        seed: int,
        *,
        samples: int = 1,
        confidence: bool = False,
    ) -> Restored:
        backend, options = self._backend(look)
        job = Job(
            Task.COLORIZE,
            self._entry,
            model=None,
            seed=seed,
            samples=samples,
            confidence=confidence,
            options=options,
        )
        return restore(Photo(grey, "PNG"), backend, job, self._workers, Stopwatch())

    def _load(self, look: Look | None) -> tuple[Backend, dict[str, Value]]:
        options: dict[str, Value] = {**self._entry.defaults, **(asdict(look) if look else {})}
        if self._steps is not None:
            options["steps"] = self._steps
        backend = registry.load_class(self._entry).load(
            Task.COLORIZE,
            {"weights": self._file},
            options,
            torch.device("cpu"),
            torch.float32,
        )
        return backend, options
