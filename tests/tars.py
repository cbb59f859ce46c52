"""Folders of drawn photographs, as training reads them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from conftest import scene
from PIL import Image

from training.patches import Rgb8


def coloured(height: int = 60, width: int = 80, seed: int = 0) -> Rgb8:
    """Draw the scene with a colour for every lightness."""
    grey = scene(height, width, seed).astype(int)
    return np.stack([grey, 0.8 * grey + 20, 255 - grey], axis=-1).astype(np.uint8)


def photos(count: int) -> list[Rgb8]:
    return [coloured(seed=seed) for seed in range(count)]


def write_tar(path: Path, pictures: Sequence[Rgb8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for number, picture in enumerate(pictures):
            stream = io.BytesIO()
            Image.fromarray(picture).save(stream, "PNG")
            member = tarfile.TarInfo(f"{number}.png")
            member.size = stream.tell()
            stream.seek(0)
            archive.addfile(member, stream)
