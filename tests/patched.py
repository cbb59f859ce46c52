"""Clean pictures cut from drawn photos, and the shares of what happens to them."""

from __future__ import annotations

import numpy as np
import torch
from tars import photos
from torch import Tensor

from degrading import chain
from training import patches

ALL_WAYS = {"plain": 0.4, "sensor": 0.2, "camera": 0.1, "film": 0.1, "worn": 0.1, "untouched": 0.1}


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def only(way: str) -> dict[str, float]:
    return {name: float(name == way) for name in chain.WAYS}


def pictures(count: int = 8, side: int = 32, seed: int = 0) -> Tensor:
    """Cut clean colour pictures from the drawn photos."""
    return patches.random_patches(photos(6), count, side, random(seed))


def white_noise(*shape: int, sigma: float) -> Tensor:
    return sigma * torch.from_numpy(random(3).standard_normal(shape, np.float32))
