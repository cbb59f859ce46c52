"""The colorizer that ships: diffuses chroma on a small grid around an expected colour.

`steps`: network evaluations per sample. `variety` from 0 to 1: how far a result may leave the
colour the network expects; 0 is that expectation itself, 1 a true sample of the diffusion.
Between them the deviation is smoothed along the photo's edges, so that it stays in objects.
`saturation` multiplies the chroma of the result; evidence is not touched by it, nor are hints:
the network is told the colour that saturation turns into the hinted one, and what is missing
afterwards is made up for (see `hints`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import color
from ..backend import Draws, Gives, Guidance, Limits, Noise, Outcome, Shown, Task, Value
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
from .hints import Known
from .stored import read_net

SHORT_SIDE = 128  #: of the lightness picture, as in the last phases of training
TEMPERATURE = 1.05  #: of the first noise: photos from elsewhere surprise more than training's
SMOOTHING_RADIUS = 3  #: grid cells
SMOOTHING_EPSILON = 0.01  #: squared contrast of L* / 100 that counts as an edge


@dataclass(frozen=True)
class Options:
    """The dials of this backend."""

    steps: int
    variety: float
    saturation: float

    @classmethod
    def of(cls, given: Mapping[str, Value]) -> Options:
        """Check options and give them their types.

        Raises:
            BackendError: If one is unknown, missing, or out of its range.
        """
        ranges = {"steps": (int, 1, 100), "variety": (float, 0, 1), "saturation": (float, 0, 3)}
        if wrong := given.keys() ^ ranges.keys():
            raise BackendError(
                f"options unknown or missing: {', '.join(sorted(wrong))}",
                hint=f"the options are {', '.join(ranges)}",
            )
        values: dict[str, Any] = {}
        for name, (kind, low, high) in ranges.items():
            value = given[name]
            if isinstance(value, str) or not low <= value <= high or kind(value) != value:
                raise BackendError(f"{name} {value} is out of range", hint=f"{low} to {high}")
            values[name] = kind(value)
        return cls(**values)


@dataclass(frozen=True)
class Prepared:
    """The photo after its one pass through the encoder."""

    reading: Reading
    lightness: Tensor  #: (1, 1, h, w), L* on the grid
    known: Known


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
        self.error_per_spread: float | None = net.config.error_per_spread

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
        return cls(read_weights(path), Options.of(options), device, dtype)

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> Prepared:
        if overview is None:
            raise BackendError("the colorizer was not shown the photo")
        lightness = color.to_lab(overview)[:, :1]
        grid = F.avg_pool2d(lightness, GRID_STRIDE)
        known = Known.of(guidance.hints, *grid.shape[-2:])
        histogram = guidance.histogram
        if histogram is None:
            histogram = torch.zeros(1, HISTOGRAM_SIZE)
        with self._arithmetic():
            reading = self.net.encoder(
                (lightness / 50 - 1).to(self.device, memory_format=torch.channels_last),
                self._told(known).to(self.device),
                histogram.to(self.device),
            )
        return Prepared(reading, grid.to(self.device), known.to(self.device))

    def _told(self, known: Known) -> Tensor:
        """Return hints as `ChromaEncoder` reads them: (1, 3, h, w)."""
        # Below 1, the colour that saturation turns into the hinted one is often no colour at all.
        scale = AB_SCALE * max(self.options.saturation, 1)
        return torch.cat([known.ab / scale, known.where], dim=1)

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
        finished = self._finished(results, self.options.saturation, prepared)
        if not draws.evidence:
            return Outcome(finished)
        samples = [mean + deviation for deviation in deviations[: draws.evidence]]
        expected = self._finished([mean], 1, prepared)[0]
        return Outcome(finished, self._finished(samples, 1, prepared), expected)

    def _finished(self, samples: list[Tensor], saturation: float, prepared: Prepared) -> Tensor:
        """Return chroma in CIE units that obeys the hints: (samples, 1, 2, h, w)."""
        chroma = (sample * (AB_SCALE * saturation) for sample in samples)
        return torch.stack([prepared.known.obeyed(ab, prepared.lightness) for ab in chroma])

    def _sample(self, reading: Reading, noise: Tensor) -> Tensor:
        """Draw one residual around the mean: (1, 2, h, w), network units."""
        sigma_data = self.net.config.sigma_data
        sigmas = edm.noise_levels(self.options.steps)

        def denoise(x: Tensor, sigma: Tensor) -> Tensor:
            at = edm.Precondition.at(sigma, sigma_data)
            with self._arithmetic():
                raw = self.net.denoiser(at.scale[:, None, None, None] * x, at.noise, reading)
            return at.skip[:, None, None, None] * x + at.out[:, None, None, None] * raw.float()

        start = noise.to(self.device, memory_format=torch.channels_last) * (
            TEMPERATURE * float(sigmas[0])
        )
        return edm.solve(denoise, start, sigmas)

    def _toned(self, deviation: Tensor, lightness: Tensor) -> Tensor:
        """Return the share of a true deviation that `variety` lets through."""
        variety = self.options.variety
        smooth = guided_filter(deviation, lightness / 100, SMOOTHING_RADIUS, SMOOTHING_EPSILON)
        return variety * torch.lerp(smooth, deviation, variety)

    def _arithmetic(self) -> torch.autocast:
        reduced = self.dtype is not torch.float32
        return torch.autocast(self.device.type, self.dtype if reduced else None, enabled=reduced)


def read_weights(path: Path) -> ChromaNet:
    """Build the network that a file of weights describes and fill it, strictly.

    Raises:
        WeightsError: If the file is not safetensors, or does not hold exactly this network.
    """
    return read_net(path, lambda table: ChromaNet(ChromaConfig.of(table)))


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
