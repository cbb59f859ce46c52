"""Write synthetic grey photographs: `python -m benching.photographs WIDTH HEIGHT COUNT FOLDER`.

Natural pictures have detail at every scale, falling with frequency; smooth ones would make the
codecs look faster than they are. So: octaves of noise, each half as strong as the one below it,
and a little grain.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DISTINCT = 4  #: further photographs are copies: a codec does not notice
QUALITY = 92
GRAIN = 3.0  #: deviation, 8-bit levels
CONTRAST = 45.0  #: deviation of the coarsest octave, 8-bit levels


def photograph(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Return a grey picture, (height, width)."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width), 120, np.float32)
    cells, amplitude = 3, CONTRAST
    while cells < max(width, height):
        rows = max(2, cells * height // max(width, height))
        octave = random.standard_normal((rows, cells), np.float32)
        scaled = Image.fromarray(octave).resize((width, height), Image.Resampling.BICUBIC)
        picture += amplitude * np.asarray(scaled)
        cells, amplitude = cells * 2, amplitude / 2
    picture += GRAIN * random.standard_normal(picture.shape, np.float32)
    return picture.clip(0, 255).astype(np.uint8)


def main(width: int, height: int, count: int, folder: Path) -> None:
    """Write photo-00.jpg and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"photo-{index:02}.jpg" for index in range(count)]
    for index, path in enumerate(paths):
        if index < DISTINCT:
            Image.fromarray(photograph(width, height, index)).save(path, quality=QUALITY)
        else:
            shutil.copyfile(paths[index % DISTINCT], path)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
