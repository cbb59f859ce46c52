"""Backends that are no good, each in its own way; and small honest ones for every geometry."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch.nn import functional as F

from restore.backend import Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
from restore.errors import BackendError


class Fake:
    """What the fakes share: no weights, no options, pictures in, pictures out."""

    gives: ClassVar[Gives] = Gives.RGB
    limits = Limits()
    scale = 1
    error_per_spread: float | None = None

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        return cls()

    def prepare(self, overview: torch.Tensor | None, guidance: Guidance) -> object:
        return None

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        return Outcome(shown.picture.expand(draws.results, *shown.picture.shape))


class Painter(Fake):
    """Whole photo, chroma: a smooth, seeded wash of colour."""

    gives: ClassVar[Gives] = Gives.CHROMA
    limits = Limits(multiple_of=8, minimum=16, short_side=32)
    error_per_spread = 0.5

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        count = max(draws.results, draws.evidence)
        washes = [40 * F.avg_pool2d(noise(k, 0, 2, 4), 3, 1, 1) for k in range(count)]
        evidence = torch.stack(washes) if draws.evidence else None
        return Outcome(torch.stack(washes[: draws.results]), evidence)


class Slow(Painter):
    """Like a model on another device: takes its time, and no processor."""

    seconds = 0.2

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        time.sleep(self.seconds)
        return super().restore(shown, prepared, draws, noise)


class Endless(Painter):
    """Does two photos, and is in the midst of torch from then on."""

    begun = itertools.count()

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        while next(self.begun) > 1:
            for _ in range(1000):
                F.conv2d(torch.ones(1, 4, 64, 64), torch.ones(4, 4, 3, 3))
        return super().restore(shown, prepared, draws, noise)


class Leveller(Fake):
    """Tiled, with a global estimate: subtracts the whole photo's mean, adds noise by place."""

    limits = Limits(multiple_of=4, minimum=8, tile=24, overlap=4, overview=16)

    def prepare(self, overview: torch.Tensor | None, guidance: Guidance) -> object:
        if overview is None:
            raise BackendError("no overview")
        return overview.mean()

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        assert isinstance(prepared, torch.Tensor)
        levelled = F.avg_pool2d(F.pad(shown.picture, (1, 1, 1, 1), mode="replicate"), 3, 1)
        levelled = levelled - prepared + 0.5
        return Outcome(
            torch.stack([levelled + 0.02 * noise(k, 0, 3, 1) for k in range(draws.results)])
        )


class Smoother(Fake):
    """A denoiser that smooths whatever it is shown, and measures the same noise everywhere."""

    limits = Limits(multiple_of=8, minimum=8, tile=64, overlap=8)
    level = 10 / 255

    def levels(self, shown: Shown) -> torch.Tensor:
        n, _, height, width = shown.picture.shape
        return torch.full((n, 3, height // 8, width // 8), self.level)

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        smooth = F.avg_pool2d(F.pad(shown.picture, (2, 2, 2, 2), mode="replicate"), 5, 1)
        return Outcome(smooth.expand(draws.results, *smooth.shape))


class Silent(Smoother):
    """Finds no noise at all."""

    level = 0.0


class WrongLevels(Smoother):
    """Breaks its contract: measures what is no deviation."""

    level = float("nan")


class Plotter(Smoother):
    """Darkens by half of the level that it was told."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        assert shown.noise_map is not None
        darker = shown.picture - shown.noise_map / 2
        return Outcome(darker.expand(draws.results, *darker.shape))


class Filler(Fake):
    """Masked: paints what is to be filled in one grey."""

    limits = Limits(tile=32, overlap=8)

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        assert shown.mask is not None
        filled = shown.picture * (1 - shown.mask) + 0.5 * shown.mask
        return Outcome(filled.expand(draws.results, *filled.shape))


class Doubler(Fake):
    """Twice the size."""

    limits = Limits(tile=16, overlap=2)
    scale = 2

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        doubled = F.interpolate(shown.picture, scale_factor=2.0, mode="nearest")
        return Outcome(doubled.expand(draws.results, *doubled.shape))


class Hostile(Fake):
    """A colorizer that blurs, darkens and overshoots; only its chroma may come through."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        painted = shown.picture * torch.tensor([1.6, 0.4, -0.3]).view(1, 3, 1, 1)
        return Outcome(painted.expand(draws.results, *painted.shape))


class NotANumber(Painter):
    """Breaks its contract: returns NaN."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        return Outcome(super().restore(shown, prepared, draws, noise).results * float("nan"))


class WrongShape(Fake):
    """Breaks its contract: loses a row."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        return Outcome(super().restore(shown, prepared, draws, noise).results[..., 1:, :])


class Crashing(Fake):
    """Has a bug."""

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        raise ZeroDivisionError("a bug in a backend")


class SmallMemory(Leveller):
    """Runs out of memory for tiles larger than it can hold."""

    holds = 16

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        if max(shown.picture.shape[-2:]) > self.holds:
            raise torch.OutOfMemoryError("fake")
        return super().restore(shown, prepared, draws, noise)


class NoMemory(SmallMemory):
    """Runs out of memory always."""

    holds = 0
