"""Compare tiles with the whole: `python -m benching.seams WEIGHTS MEGAPIXELS TILE...`.

The photo has 16 bits, so that differences below a level show. The last line of standard output
is JSON: for every tile (0: the one that ships) the largest difference, in 8-bit levels, at every
strength of the noise.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from restore.photo import Photo

from . import denoising
from .noisy import noisy_photograph, sides

NOISES = (5, 25, 50)  #: deviations, 8-bit levels


def main(weights: Path, megapixels: float, tiles: Sequence[int]) -> None:
    """Measure and print."""
    backends = {tile: denoising.load(weights, tile or None) for tile in tiles}
    found: dict[int, dict[int, float]] = {tile: {} for tile in tiles}
    for noise in NOISES:
        drawn = noisy_photograph(*sides(megapixels), seed=1, noise=noise)
        photo = Photo(drawn.astype(np.uint16) * 257, "PNG")
        whole = denoising.in_one_tile(weights, photo)
        for tile, backend in backends.items():
            cut = denoising.in_tiles(backend, photo)
            found[tile][noise] = denoising.largest_difference(whole, cut)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), [int(tile) for tile in sys.argv[3:]])
