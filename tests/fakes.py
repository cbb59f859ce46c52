"""Backends that are no good, each in its own way; and small honest ones for every geometry."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch
from safetensors import safe_open
from torch.nn import functional as F

from restore.backend import (
    Admitted,
    Draws,
    Gives,
    Guidance,
    Limits,
    Noise,
    Outcome,
    Shown,
    Task,
    Value,
)
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


class Enlarger(Fake):
    """As large as it is told: interpolates, looks around and adds noise, at the result's size."""

    limits = Limits(multiple_of=4, minimum=8, tile=24, overlap=4)

    def __init__(self, scale: int = 2) -> None:
        self.scale = scale

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        return cls(int(options["scale"]))

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        large = F.interpolate(shown.picture, scale_factor=float(self.scale), mode="bilinear")
        smooth = F.avg_pool2d(F.pad(large, (4, 4, 4, 4), mode="replicate"), 9, 1)
        return Outcome(
            torch.stack([smooth + 0.05 * noise(k, 0, 3, 1) for k in range(draws.results)])
        )


class Stubborn(Doubler):
    """Breaks its contract: doubles, whatever was asked for."""


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


PUBLISHED_KEYS = {"net": ("weight", "bias"), "vq": ("codes",)}


def admit(model: str, role: str, content: object) -> Admitted:
    """Take published weights of a network of two tensors, and an autoencoder of one."""
    if not isinstance(content, Mapping):
        raise ValueError("it holds no tensors by name")
    tensors = content.get("state_dict", content)
    for name in PUBLISHED_KEYS[role]:
        if name not in tensors:
            raise ValueError(f"{name!r} is missing")
    return Admitted({name: tensors[name] for name in PUBLISHED_KEYS[role]}, {"model": model})


class Shifter(Smoother):
    """Computes with published weights: those that its two files hold must fit each other."""

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        for role, path in weights.items():
            with safe_open(path, framework="pt") as file:
                if set(file.keys()) != set(PUBLISHED_KEYS[role]):
                    raise BackendError(f"{path} is no {role}")
        return cls()


class ShortOfMemory(Fake):
    """Runs out of memory for tiles or crops larger than it can hold; then is what comes next."""

    holds: int

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        if max(shown.picture.shape[-2:]) > self.holds:
            raise torch.OutOfMemoryError("fake")
        return super().restore(shown, prepared, draws, noise)


class SmallMemory(ShortOfMemory, Leveller):
    """Cannot hold the tiles that it would like."""

    holds = 16


class NoMemory(SmallMemory):
    """Runs out of memory always."""

    holds = 0


class Mender(Fake):
    """Fills holes with the mean of what is known nearby, and noise by place."""

    limits = Limits(multiple_of=4, minimum=16, tile=96, overlap=8, batch=3)
    error_per_spread = 1.0
    reach = 8

    def _around(self, planes: torch.Tensor) -> torch.Tensor:
        side = 2 * self.reach + 1
        rows = F.avg_pool2d(F.pad(planes, (self.reach,) * 4), (side, 1), 1)
        return F.avg_pool2d(rows, (1, side), 1)

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        assert shown.mask is not None
        known = 1 - shown.mask
        blank, near = (self._around(planes) for planes in (shown.picture * known, known))
        mean = blank / near.clamp_min(1e-6)
        drawn = [mean + 0.05 * noise(k, 0, 3, 1) for k in range(draws.results)]
        return Outcome(torch.stack(drawn))


class Witness(Mender):
    """Keeps what it was shown."""

    seen: ClassVar[list[Shown]] = []

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        self.seen.append(shown)
        return super().restore(shown, prepared, draws, noise)


class MenderOfSmallMemory(ShortOfMemory, Mender):
    """Cannot hold the crops that it would like."""

    holds = 48


class MenderWithoutMemory(MenderOfSmallMemory):
    """Runs out of memory always."""

    holds = 0


class Seer:
    """A finder that takes for damaged what is bright, the surer the brighter."""

    limits = Limits(multiple_of=8, minimum=16, tile=64, overlap=8)
    damaged_share = 1e-6  # so that likelihoods stay what they are

    @classmethod
    def load(cls, weights: Mapping[str, Path], device: torch.device, dtype: torch.dtype) -> Self:
        return cls()

    def likely(self, picture: torch.Tensor) -> torch.Tensor:
        return picture.mean(1, keepdim=True)


class SeerOfMore(Seer):
    def likely(self, picture: torch.Tensor) -> torch.Tensor:
        return super().likely(picture) + 1


class SeerOfLess(Seer):
    def likely(self, picture: torch.Tensor) -> torch.Tensor:
        return super().likely(picture)[..., 1:]


class BlindSeer(Seer):
    def likely(self, picture: torch.Tensor) -> torch.Tensor:
        return super().likely(picture) * torch.nan
