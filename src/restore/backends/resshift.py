"""ResShift: restores what is badly damaged, fills holes, enlarges; ours, or a published model.

Ours works on pixels, in one network for all three. The published ones work on latents, each for
one purpose. What differs between them is behind `_Model`; the chain is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Protocol, Self

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional as F

from ..backend import (
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
from ..errors import BackendError, WeightsError
from ..nets.resshift.checkpoint import admitted
from ..nets.resshift.latent import LatentResShift
from ..nets.resshift.pixel import MULTIPLE, PixelConfig, PixelNet
from ..nets.resshift.prefill import prefilled
from ..nets.resshift.published import PUBLISHED
from ..nets.resshift.sampler import sample
from ..nets.resshift.unet import UNetModelSwin
from ..nets.resshift.vq import VQAutoencoder
from .scaling import scale_of
from .stored import read_net

MOST_DRAWS = 64  #: behind one result
TILE = 512  #: pixels of the result
OVERLAP = 64  #: of the result; a place is influenced from farther away, but by less than a level
BYTES_PER_PIXEL = 600  #: of a tile of the result, in float32
LATENT_OVERLAP = 64
LATENT_BYTES_PER_PIXEL = 16_000

Draw = Callable[[int, int, int], Tensor]
"""(number of the draw, channels, pixels of the result a side per value) -> standard normal noise"""


class _Model(Protocol):
    """A loaded network, whichever."""

    error_per_spread: float | None

    def limits(self, scale: int) -> Limits: ...

    def restored(self, picture: Tensor, mask: Tensor | None, scale: int, noise: Draw) -> Tensor:
        """Draw one result, (N, 3, H * scale, W * scale), not clipped.

        Args:
            picture: (N, 3, H, W) in [0, 1].
            mask: (N, 1, H, W), 1 where it is to be filled; None: nowhere.
            scale: Of the sides.
            noise: The only source of randomness.
        """
        ...


class _Ours:
    """On pixels."""

    def __init__(self, net: PixelNet, task: Task, device: torch.device, dtype: torch.dtype) -> None:
        self._net = net.to(device, dtype).to(memory_format=torch.channels_last).eval()
        self.error_per_spread = net.config.error_per_spread.get(task)

    def limits(self, scale: int) -> Limits:
        return Limits(
            multiple_of=max(1, MULTIPLE // scale),
            minimum=MULTIPLE // scale,
            tile=TILE // scale,
            overlap=OVERLAP // scale,
            bytes_per_pixel=BYTES_PER_PIXEL * scale**2,
        )

    def restored(self, picture: Tensor, mask: Tensor | None, scale: int, noise: Draw) -> Tensor:
        if scale > 1:
            picture = F.interpolate(picture, scale_factor=float(scale), mode="bicubic")
        holes = torch.zeros_like(picture[:, :1]) if mask is None else mask
        left = picture if mask is None else prefilled(picture, mask)

        def predict(state: Tensor, step: Tensor) -> Tensor:
            answer = self._net(state, left, holes, step)
            return answer if mask is None else torch.where(mask > 0, answer, left)

        schedule = self._net.config.schedule
        return sample(predict, left, schedule, lambda number: noise(number, 3, 1))


class _Published:
    """On the latents of an autoencoder; one for each purpose."""

    error_per_spread: float | None = None  #: nobody measured it

    def __init__(self, net: LatentResShift) -> None:
        self._net = net

    def limits(self, scale: int) -> Limits:
        multiple = self._net.published.multiple
        return Limits(
            multiple_of=multiple,
            minimum=multiple,
            tile=max(4 * multiple // scale, 2 * multiple),
            overlap=LATENT_OVERLAP // scale,
            bytes_per_pixel=LATENT_BYTES_PER_PIXEL * scale**2,
        )

    def restored(self, picture: Tensor, mask: Tensor | None, scale: int, noise: Draw) -> Tensor:
        photo = 2 * picture - 1
        if mask is not None:
            photo = torch.where(mask > 0, torch.full_like(photo, -1), photo)
            mask = 2 * mask - 1
        latent = self._net.published.autoencoder
        answer = self._net.restore(
            photo, lambda k: noise(k, latent.latent_channels, latent.reduction), mask
        )
        return answer / 2 + 0.5


class ResShift:
    """Moves a photo back along the way from what it was to what is left of it.

    A result is one draw, or the mean of several: detail on which they disagree averages out, and
    with it the larger errors.
    """

    gives: ClassVar[Gives] = Gives.RGB

    def __init__(self, model: _Model, scale: int, mean: int, device: torch.device) -> None:
        # How far means scatter says nothing of how far the truth may be.
        self.error_per_spread = model.error_per_spread if mean == 1 else None
        self._model, self._device = model, device
        self._mean, self.scale = mean, scale
        self.limits = model.limits(scale)

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        scale = scale_of(task, options, own=("mean",))
        if options["mean"] not in range(1, MOST_DRAWS + 1):
            raise BackendError(
                f"mean {options['mean']} is out of range", hint=f"1 to {MOST_DRAWS}, whole"
            )
        mean = int(options["mean"])
        if "vq" not in weights:
            (path,) = weights.values()
            net = read_net(path, lambda table: PixelNet(PixelConfig.of(table)))
            return cls(_Ours(net, task, device, dtype), scale, mean, device)
        name = _named(weights["net"])
        published = PUBLISHED[name]
        if scale != published.scale:
            raise BackendError(
                f"the model {name!r} enlarges {published.scale} times, not {scale}",
                hint=f"--scale {published.scale}, or another --model",
            )
        try:
            latent = LatentResShift.load(published, weights["net"], weights["vq"])
        except ValueError as error:
            raise WeightsError(
                f"the weights of {name!r} are not what they were: {error}",
                hint=f"import them again: restore models import {name} FILE...",
            ) from error
        return cls(_Published(latent.to(device, dtype)), scale, mean, device)

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> object:
        return None

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        picture = self._moved(shown.picture)
        mask = None if shown.mask is None else self._moved(shown.mask)

        def drawn(number: int) -> Tensor:
            def draw(step: int, channels: int, stride: int) -> Tensor:
                return self._moved(noise(number, step, channels, stride))

            return self._model.restored(picture, mask, self.scale, draw).clamp_(0, 1)

        results = []
        for number in range(draws.results):
            first = number * self._mean
            total = drawn(first)
            for other in range(first + 1, first + self._mean):
                total += drawn(other)
            results.append(total / self._mean)
        return Outcome(torch.stack(results))

    def _moved(self, planes: Tensor) -> Tensor:
        return planes.to(self._device, memory_format=torch.channels_last)


def admit(model: str, role: str, content: object) -> Admitted:
    """Take the weights out of a published file; see `restore.backend.Admit`."""
    published = PUBLISHED[model]
    if role == "net":
        state = admitted(content, lambda: UNetModelSwin(published.unet))
        return Admitted(state, {"model": model})
    return Admitted(admitted(content, lambda: VQAutoencoder(published.autoencoder)), {})


def _named(path: Path) -> str:
    """Return which published model a file holds; raise WeightsError if it says none."""
    try:
        with safe_open(path, framework="pt") as file:
            name = json.loads((file.metadata() or {})["config"])["model"]
    except (KeyError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{path} does not say which model it is", hint="import it again"
        ) from error
    if name not in PUBLISHED:
        raise WeightsError(f"{path} is of no model that is known: {name}", hint="import it again")
    return str(name)
