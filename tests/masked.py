"""Photos and masks for the tests of `restore inpaint`, and what changed between two files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from conftest import scene
from PIL import Image

from restore import photo as photos

FAKE = ("--backend", "fake")

FILLED = np.zeros((60, 80), bool)
FILLED[20:23, 10:70] = True


def picture(path: Path, size: tuple[int, int] = (60, 80), **how: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(*size)[..., None].repeat(3, -1)).save(path, **how)
    return path


def mask_at(path: Path, size: tuple[int, int] = (60, 80), rows: tuple[int, int] = (20, 23)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size, np.uint8)
    values[slice(*rows), 10:70] = 255
    Image.fromarray(values).save(path)
    return path


def read(path: Path) -> np.ndarray:
    return photos.read(path, max_pixels=10**6).pixels


def changed(before: Path, after: Path) -> np.ndarray:
    """Return which pixels are not the same in two files: (H, W)."""
    return (read(before) != read(after)).any(axis=2)
