"""Colorizers that know nothing: what any network has to beat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

LIGHTNESS_BINS = 32


@dataclass(frozen=True)
class ChromaStatistics:
    """The average chroma of training photographs, CIE units."""

    source: tuple[str, ...]  #: the shards it was taken from
    photos: int
    mean: tuple[float, float]
    by_lightness: tuple[tuple[float, float], ...]  #: of equal bins of L*, dark to light

    @classmethod
    def of(cls, photos: Iterable[NDArray[np.uint8]], source: tuple[str, ...]) -> ChromaStatistics:
        """Average photographs given as 8-bit Lab (`training.shards.Lab8`), every pixel alike."""
        counts = np.zeros(LIGHTNESS_BINS)
        sums = np.zeros((LIGHTNESS_BINS, 2))
        seen = 0
        for photo in photos:
            bins = photo[..., 0].ravel().astype(np.intp) * LIGHTNESS_BINS // 256
            counts += np.bincount(bins, minlength=LIGHTNESS_BINS)
            for axis in (0, 1):
                ab = photo[..., 1 + axis].ravel().astype(np.float64) - 128
                sums[:, axis] += np.bincount(bins, ab, LIGHTNESS_BINS)
            seen += 1
        mean_a, mean_b = (sums.sum(0) / counts.sum()).round(3).tolist()
        rows = (sums / np.maximum(counts, 1)[:, None]).round(3).tolist()
        return cls(source, seen, (mean_a, mean_b), tuple((a, b) for a, b in rows))

    @classmethod
    def read(cls, path: Path) -> ChromaStatistics:
        table = json.loads(path.read_text(encoding="utf-8"))
        mean_a, mean_b = table["mean"]
        rows = tuple((a, b) for a, b in table["by_lightness"])
        return cls(tuple(table["source"]), table["photos"], (mean_a, mean_b), rows)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    def constant(self, lightness: Tensor) -> Tensor:
        """Return the mean chroma everywhere: (2, H, W) for L* of (H, W)."""
        return torch.tensor(self.mean)[:, None, None].expand(2, *lightness.shape)

    def per_lightness(self, lightness: Tensor) -> Tensor:
        """Return the mean chroma of each pixel's L*, interpolated between bins: (2, H, W)."""
        centres = (np.arange(LIGHTNESS_BINS) + 0.5) * 100 / LIGHTNESS_BINS
        rows = np.array(self.by_lightness)
        planes = [np.interp(lightness.numpy(), centres, rows[:, axis]) for axis in (0, 1)]
        return torch.from_numpy(np.stack(planes)).float()


def borrowed(lab: Tensor, size: tuple[int, int]) -> Tensor:
    """Return another photo's chroma stretched to a size: (2, height, width)."""
    stretched = F.interpolate(lab[None, 1:], size, mode="bilinear", antialias=True)
    return stretched[0]


def partners(count: int, seed: int = 0) -> list[int]:
    """Return for each photo another one to borrow from: a random single cycle.

    Sorted by name, neighbours come from one collection and look alike; hence the shuffle.
    """
    order = np.random.default_rng(seed).permutation(count)
    partner = np.empty(count, dtype=np.intp)
    partner[order] = np.roll(order, 1)
    return partner.tolist()
