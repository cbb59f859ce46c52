"""What the reference code computed with small random weights, and the layouts of its files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from restore.nets.resshift.unet import UNetConfig
from restore.nets.resshift.vq import VQConfig

FOLDER = Path(__file__).parents[2] / "shared" / "fixtures" / "resshift"

needs_reference = pytest.mark.skipif(not FOLDER.is_dir(), reason="no reference numbers here")

TINY_UNET = UNetConfig(
    latent_side=16, photo_side=16, channels=32, multipliers=(1, 2), res_blocks=1, swin_channels=64
)
TINY_VQ = VQConfig(32, (1, 1, 2), (1, 1, 1), latent_channels=3, codes=64)


@cache
def numbers() -> dict[str, Tensor]:
    """Return everything that the reference's run left, weights included."""
    with np.load(FOLDER / "tiny_sr.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def weights(part: str) -> dict[str, Tensor]:
    """Return the weights of `unet` or `ae`, named as in a file of their own."""
    start = f"{part}."
    return {name[len(start) :]: t for name, t in numbers().items() if name.startswith(start)}


def draws() -> list[Tensor]:
    """Return the normal draws of the reference's run: the prior's, then one per step."""
    generator = torch.Generator().manual_seed(42)
    return [torch.randn(numbers()["z_y"].shape, generator=generator) for _ in range(5)]


def layout(name: str) -> dict[str, tuple[int, ...]]:
    """Read a list of keys and shapes, in the order of the published file."""
    lines = (FOLDER / f"keys_{name}.txt").read_text(encoding="utf-8").splitlines()
    table = {}
    for line in lines:
        key, _, shape = line.partition(" [")
        table[key] = tuple(int(side) for side in shape.partition("]")[0].split(",") if side)
    return table
