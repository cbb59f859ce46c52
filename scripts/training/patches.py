"""Random patches of detailed photographs, for networks that restore pixels."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

Rgb8 = NDArray[np.uint8]
"""(H, W, 3), sRGB."""


def load(folder: Path) -> list[Rgb8]:
    """Decode every photograph of a folder's tars, in order.

    Raises:
        FileNotFoundError: If there is no tar.
    """
    shards = sorted(folder.glob("*.tar"))
    if not shards:
        raise FileNotFoundError(f"no shards in {folder}")
    photos = []
    for shard in shards:
        with tarfile.open(shard) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                if stream is not None:
                    with Image.open(io.BytesIO(stream.read())) as image:
                        photos.append(np.array(image.convert("RGB")))
    return photos


def random_patch(photo: Rgb8, side: int, random: np.random.Generator) -> Rgb8:
    """Cut a square; half the time from a larger one made smaller, which also cleans it."""
    largest = min(photo.shape[:2]) / side
    scale = random.uniform(1, min(largest, 2.0)) if random.random() < 0.5 and largest > 1 else 1.0
    edge = int(side * scale)
    top = random.integers(photo.shape[0] - edge + 1)
    left = random.integers(photo.shape[1] - edge + 1)
    patch = photo[top : top + edge, left : left + edge]
    if edge != side:
        resized = Image.fromarray(patch).resize((side, side), Image.Resampling.BICUBIC)
        patch = np.asarray(resized)
    patch = np.rot90(patch, int(random.integers(4)))
    return patch[:, ::-1] if random.random() < 0.5 else patch


def random_patches(
    photos: Sequence[Rgb8], count: int, side: int, random: np.random.Generator
) -> Tensor:
    """Return clean pictures, (count, 3, side, side) in [0, 1]."""
    chosen = random.integers(len(photos), size=count)
    patches = np.stack([random_patch(photos[i], side, random) for i in chosen])
    return torch.from_numpy(patches).permute(0, 3, 1, 2).contiguous().float() / 255


def middles(photos: Sequence[Rgb8], side: int) -> Tensor:
    """Return the middles of photos, for measuring: (N, 3, side, side) in [0, 1]."""
    cut = []
    for photo in photos:
        top, left = ((length - side) // 2 for length in photo.shape[:2])
        cut.append(photo[top : top + side, left : left + side])
    return torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2).contiguous().float() / 255
