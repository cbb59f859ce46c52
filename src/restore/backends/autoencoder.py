"""The denoiser that ships: a residual autoencoder with its own estimator of the noise's level."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from ..backend import Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
from ..errors import BackendError
from ..nets.autoencoder import FOLD, MULTIPLE, AutoencoderConfig, Denoiser, folded_levels
from .stored import read_net

#: A place is influenced from farther away, but by less than a level: measured by the benchmark.
OVERLAP = 40
BATCH = 8  #: tiles together on a GPU; on a CPU one at a time is as fast, and smaller
BYTES_PER_PIXEL = 400  #: of a tile, in float32: features at half size, several alive at a time


class AutoencoderDenoiser:
    """Takes noise away, tile by tile, as strong as the map that it is shown says."""

    gives: ClassVar[Gives] = Gives.RGB

    scale = 1
    error_per_spread: float | None = None

    def __init__(self, net: Denoiser, device: torch.device, dtype: torch.dtype) -> None:
        self._net = net.to(device, dtype).to(memory_format=torch.channels_last).eval()
        self._device = device
        self.limits = Limits(
            multiple_of=MULTIPLE,
            minimum=MULTIPLE,
            tile=880,
            overlap=OVERLAP,
            batch=1 if device.type == "cpu" else BATCH,
            bytes_per_pixel=BYTES_PER_PIXEL,
        )

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        if options:
            raise BackendError(f"there is no option {next(iter(options))!r}", hint="there are none")
        (path,) = weights.values()
        net = read_net(path, lambda table: Denoiser(AutoencoderConfig.of(table)))
        return cls(net, device, dtype)

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> object:
        return None

    def levels(self, shown: Shown) -> Tensor:
        return self._net.estimator(self._moved(shown.picture)).float().cpu()

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        picture = self._moved(shown.picture)
        if shown.noise_map is None:
            levels = folded_levels(self._net.estimator(picture))
        else:
            levels = F.avg_pool2d(self._moved(shown.noise_map), FOLD)
        clean = self._net.autoencoder(picture, levels)
        return Outcome(clean.expand(draws.results, *clean.shape))

    def _moved(self, planes: Tensor) -> Tensor:
        return planes.to(self._device, memory_format=torch.channels_last)
