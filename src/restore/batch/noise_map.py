"""A person's own map of how strong the noise is, from a picture file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .. import files, photo
from ..errors import InputError, UsageError
from ..job import MAP_UNIT, MOST_LEVEL, NoiseMapFile


def read_noise_map(name: str, max_pixels: int) -> NoiseMapFile:
    """Read a map: grey, one integer per level in 8 bits, `MAP_UNIT` per level in 16.

    Raises:
        InputError: If it cannot be read, or has colours.
        UsageError: If it has levels that noise cannot have.
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
    if levels.max() > MOST_LEVEL:
        raise UsageError(
            f"noise map {name} has levels up to {levels.max():g}: "
            f"not in the range 0 to {MOST_LEVEL:g} (8-bit levels)",
            hint=f"a level is 1 in a map of 8 bits, {MAP_UNIT} in one of 16",
        )
    return NoiseMapFile(path.name, files.sha256_of(data), levels)
