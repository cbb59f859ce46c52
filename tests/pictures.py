"""Drawn pictures, (N, 3, H, W) in [0, 1], and what is measured of noise on them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(value: float, count: int = 3, side: int = 128) -> Tensor:
    return torch.full((count, 3, side, side), value)


def smooth(count: int = 2, side: int = 64) -> Tensor:
    """Draw hills of other colours in each picture, all within [0.1, 0.9]."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    planes = [
        0.5 + 0.4 * torch.sin(2 * x + n + c) * torch.cos(1.5 * y - 2 * c)
        for n in range(count)
        for c in range(3)
    ]
    return torch.stack(planes).view(count, 3, side, side)


def detailed(count: int = 3, side: int = 64) -> Tensor:
    values = torch.from_numpy(random(7).random((count, 3, side // 4, side // 4), np.float32))
    return F.interpolate(values, size=(side, side), mode="bilinear")


def deviations(noise: Tensor) -> Tensor:
    return noise.flatten(1).std(1)


def correlation(noise: Tensor, distance: int) -> tuple[float, float]:
    """Return how noise resembles itself some pixels further down, and to the right."""
    variance = float(noise.square().mean())
    down = float((noise[..., distance:, :] * noise[..., :-distance, :]).mean())
    right = float((noise[..., distance:] * noise[..., :-distance]).mean())
    return down / variance, right / variance


def error(one: Tensor, two: Tensor) -> float:
    return float((one - two).square().mean())
