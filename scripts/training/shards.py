"""Training photographs, decoded once and kept in memory as 8-bit Lab."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from restore import color

Lab8 = NDArray[np.uint8]
"""(H, W, 3): L* times 2.55, a* + 128, b* + 128."""


def lab8(image: Image.Image) -> Lab8:
    """Convert a photograph to 8-bit Lab."""
    rgb = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255
    lab = color.to_lab(rgb).permute(1, 2, 0)
    scaled = lab * torch.tensor([2.55, 1, 1]) + torch.tensor([0.0, 128, 128])
    return scaled.round().clamp(0, 255).to(torch.uint8).numpy()


def read_shard(shard: Path) -> list[Lab8]:
    """Decode every photograph of one tar, in its order."""
    torch.set_num_threads(1)
    photos = []
    with tarfile.open(shard) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                with Image.open(io.BytesIO(stream.read())) as image:
                    photos.append(lab8(image))
    return photos


def load(folders: Iterable[Path], cache: Path | None = None) -> list[Lab8]:
    """Decode all tars of the folders, or read what an earlier call put into `cache`.

    Raises:
        FileNotFoundError: If a folder holds no tar.
    """
    if cache is not None and cache.exists():
        stored = np.load(cache)
        ends = np.cumsum(stored["shapes"].prod(axis=1))
        flat = np.split(stored["pixels"], ends[:-1])
        return [pixels.reshape(shape) for pixels, shape in zip(flat, stored["shapes"], strict=True)]
    shards: list[Path] = []
    for folder in folders:
        found = sorted(folder.glob("*.tar"))
        if not found:
            raise FileNotFoundError(f"no shards in {folder}")
        shards += found
    with ProcessPoolExecutor() as pool:
        photos = [photo for shard in pool.map(read_shard, shards) for photo in shard]
    if cache is not None:
        shapes = np.array([photo.shape for photo in photos])
        np.savez(cache, shapes=shapes, pixels=np.concatenate([photo.ravel() for photo in photos]))
    return photos
