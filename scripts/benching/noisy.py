"""Write a synthetic colour photograph with noise: `python -m benching.noisy MEGAPIXELS FILE`.

What a denoiser looks for: edges between surfaces of all sizes (the model of dead leaves), texture
on them, and noise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .photographs import photograph

NOISE = 15.0  #: deviation, 8-bit levels
QUALITY = 92
LEAVES = 2000
SMALLEST = 0.004  #: radius of a leaf, as a share of the longer side
LARGEST = 0.25
TEXTURE = 0.3  #: of the contrast that `photograph` draws


def noisy_photograph(width: int, height: int, seed: int, noise: float = NOISE) -> NDArray[np.uint8]:
    """Return a colour picture, (height, width, 3).

    Args:
        width: In pixels.
        height: In pixels.
        seed: Same seed, same picture, whatever the noise.
        noise: Deviation of the white Gaussian noise, 8-bit levels.
    """
    texture = photograph(width, height, seed)
    picture = _leaves(width, height, seed)
    random = np.random.default_rng(seed)
    for channel in range(3):  # one at a time: a large picture in floats would not fit thrice
        plane = picture[..., channel] + TEXTURE * (texture - np.float32(120))
        plane += noise * random.standard_normal(plane.shape, np.float32)
        picture[..., channel] = plane.round().clip(0, 255)
    return picture


def _leaves(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Draw discs over discs; the density of radii falls with their third power."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), (128, 128, 128))
    draw = ImageDraw.Draw(image)
    most, least = LARGEST**-2, SMALLEST**-2
    radii = max(width, height) * random.uniform(most, least, LEAVES) ** -0.5
    for radius in radii:
        x, y = random.uniform(0, width), random.uniform(0, height)
        red, green, blue = (int(v) for v in random.integers(30, 226, 3))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), (red, green, blue))
    return np.array(image)


def sides(megapixels: float) -> tuple[int, int]:
    """Return the (width, height) of a photo of four to three.

    >>> sides(12)
    (4000, 3000)
    """
    unit = round((megapixels * 1e6 / 12) ** 0.5)
    return 4 * unit, 3 * unit


def main(megapixels: float, path: Path) -> None:
    """Write one photograph as JPEG."""
    picture = noisy_photograph(*sides(megapixels), seed=0)
    Image.fromarray(picture).save(path, quality=QUALITY)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
