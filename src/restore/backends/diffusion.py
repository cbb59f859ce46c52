"""The colorizer that ships: diffuses chroma on a small grid around an expected colour.

`steps`: network evaluations per sample. `variety` from 0 to 1: how far a result may leave the
colour the network expects; 0 is that expectation itself, 1 a true sample of the diffusion.
Between them the deviation is smoothed along the photo's edges, so that it stays in objects.
`saturation` multiplies the chroma of the result; evidence is not touched by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional as F

from .. import color
from ..backend import Draws, Gives, Guidance, Hint, Limits, Noise, Outcome, Shown, Task, Value
from ..errors import BackendError
from ..nets import edm
from ..nets.chroma import (
    AB_SCALE,
    GRID_MULTIPLE,
    GRID_STRIDE,
    HISTOGRAM_SIZE,
    ChromaConfig,
    ChromaNet,
    Reading,
)

SHORT_SIDE = 128  #: of the lightness picture, as in the last phase of training
SMOOTHING_RADIUS = 3  #: grid cells
SMOOTHING_EPSILON = (
    0.01  #: squared lightness contrast, in units of L* / 100, that counts as an edge
)


@dataclass(frozen=True)
class Options:
    """The dials of this backend."""

    steps: int
    variety: float
    saturation: float

    def __post_init__(self) -> None:
        for name, low, high in (("steps", 1, 100), ("variety", 0, 1), ("saturation", 0, 3)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise BackendError(f"{name} {value} is out of range", hint=f"{low} to {high}")


@dataclass(frozen=True)
class Prepared:
    """The photo after its one pass through the encoder."""

    reading: Reading
    lightness: Tensor  #: (1, 1, h, w), L* / 100 on the grid


class DiffusionColorizer:
    """Adapts `nets.chroma` and `nets.edm` to the protocol."""

    gives: ClassVar[Gives] = Gives.CHROMA
    scale = 1
    limits = Limits(
        multiple_of=GRID_STRIDE * GRID_MULTIPLE,
        minimum=2 * GRID_STRIDE * GRID_MULTIPLE,
        short_side=SHORT_SIDE,
        long_side=16 * SHORT_SIDE,
    )

    def __init__(
        self, net: ChromaNet, options: Options, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.net = net.eval().to(device).to(memory_format=torch.channels_last)
        self.options, self.device, self.dtype = options, device, dtype
        self.error_per_spread = net.config.error_per_spread

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        (path,) = weights.values()
        given: Mapping[str, Any] = options
        return cls(read_weights(path), Options(**given), device, dtype)

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> Prepared:
        if overview is None:
            raise BackendError("the colorizer was not shown the photo")
        lightness = color.to_lab(overview)[:, :1]
        grid = F.avg_pool2d(lightness, GRID_STRIDE) / 100
        histogram = guidance.histogram
        if histogram is None:
            histogram = torch.zeros(1, HISTOGRAM_SIZE)
        with self._arithmetic():
            reading = self.net.encoder(
                (lightness / 50 - 1).to(self.device, memory_format=torch.channels_last),
                hint_map(guidance.hints, grid.shape[-2], grid.shape[-1]).to(self.device),
                histogram.to(self.device),
            )
        return Prepared(reading, grid.to(self.device))

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        assert isinstance(prepared, Prepared)  # what our own `prepare` returned
        mean = prepared.reading.mean.float()
        varied = self.options.variety > 0
        count = max(draws.evidence, draws.results if varied else 0)
        # One sample at a time: a batch's arithmetic may differ in the last bits, and sample 0
        # must not depend on how many others were asked for.
        deviations = [
            self._sample(prepared.reading, noise(k, 0, 2, GRID_STRIDE)) for k in range(count)
        ]
        results = [
            mean + self._toned(deviations[k], prepared.lightness) if varied else mean
            for k in range(draws.results)
        ]
        evidence = None
        if draws.evidence:
            evidence = torch.stack(deviations).add(mean) * AB_SCALE
        return Outcome(torch.stack(results) * (AB_SCALE * self.options.saturation), evidence)

    def _sample(self, reading: Reading, noise: Tensor) -> Tensor:
        """Draw one residual around the mean: (1, 2, h, w), network units."""
        sigma_data = self.net.config.sigma_data
        sigmas = edm.noise_levels(self.options.steps)

        def denoise(x: Tensor, sigma: Tensor) -> Tensor:
            at = edm.Precondition.at(sigma, sigma_data)
            with self._arithmetic():
                raw = self.net.denoiser(at.scale[:, None, None, None] * x, at.noise, reading)
            return at.skip[:, None, None, None] * x + at.out[:, None, None, None] * raw.float()

        start = noise.to(self.device, memory_format=torch.channels_last) * float(sigmas[0])
        return edm.solve(denoise, start, sigmas)

    def _toned(self, deviation: Tensor, lightness: Tensor) -> Tensor:
        """Return the share of a true deviation that `variety` lets through."""
        variety = self.options.variety
        smooth = guided_filter(deviation, lightness, SMOOTHING_RADIUS, SMOOTHING_EPSILON)
        return variety * torch.lerp(smooth, deviation, variety)

    def _arithmetic(self) -> torch.autocast:
        reduced = self.dtype is not torch.float32
        return torch.autocast(self.device.type, self.dtype if reduced else None, enabled=reduced)


def read_weights(path: Path) -> ChromaNet:
    """Build the network that a file of weights describes and fill it, strictly."""
    with safe_open(path, framework="pt") as file:
        config = ChromaConfig.of(json.loads(file.metadata()["config"]))
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    net = ChromaNet(config)
    net.load_state_dict(state)
    return net


def hint_map(hints: tuple[Hint, ...], height: int, width: int) -> Tensor:
    """Put hints on the grid: (1, 3, height, width), as `ChromaEncoder` reads them."""
    placed = torch.zeros(1, 3, height, width)
    for hint in hints:
        y, x = int(hint.y * height), int(hint.x * width)
        placed[0, :, y, x] = torch.tensor([hint.ab[0] / AB_SCALE, hint.ab[1] / AB_SCALE, 1.0])
    return placed


def guided_filter(source: Tensor, guide: Tensor, radius: int, epsilon: float) -> Tensor:
    """Smooth `source` but not across edges of `guide` (He et al., "Guided Image Filtering").

    Args:
        source: (N, C, h, w).
        guide: (N, 1, h, w).
        radius: Of the window, in cells.
        epsilon: Variance of the guide below which a window counts as flat.
    """

    def box(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2 * radius + 1, 1, radius, count_include_pad=False)

    mean_guide, mean_source = box(guide), box(source)
    slope = (box(guide * source) - mean_guide * mean_source) / (
        box(guide * guide) - mean_guide.square() + epsilon
    )
    return box(slope) * guide + box(mean_source - slope * mean_guide)
