"""A person's own map of how strong the noise is, from a picture file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .. import files, photo
from ..errors import InputError
from ..job import MAP_UNIT, NoiseMapFile


def read_noise_map(name: str, max_pixels: int) -> NoiseMapFile:
    """Read a map: grey, one integer per level in 8 bits, `MAP_UNIT` per level in 16.

    Raises:
        InputError: If it cannot be read, or has colours.
    """
    path = Path(name)
    try:
        data = photo.content(path)
        pixels = photo.read(data, max_pixels=max_pixels).pixels
    except InputError as error:
        raise InputError(
            f"noise map {name}: {error}", hint="--sigma is auto, a number, or such a file"
        ) from error
    if np.ptp(pixels, axis=2).any():
        raise InputError(f"noise map {name} has colours", hint="a map is grey")
    unit = MAP_UNIT if pixels.dtype == np.uint16 else 1
    levels = pixels[..., 0].astype(np.float32) / np.float32(unit)
    return NoiseMapFile(path.name, files.sha256_of(data), levels)
