"""Compare tiles with the whole: `python -m benching.restoring_seams WEIGHTS MEGAPIXELS TILE...`.

The photo has 16 bits, so that differences below a level show. The last line of standard output
is JSON: for every tile (pixels of the result) the largest difference, in 8-bit levels, of photos
restored and enlarged; MEGAPIXELS is the size of the result of both.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from restore.backend import Task

from . import restoring
from .denoising import largest_difference

WAYS = {"restored": (Task.DENOISE, 1), "enlarged x2": (Task.UPSCALE, 2)}


def main(weights: Path, megapixels: float, tiles: Sequence[int]) -> None:
    """Measure and print."""
    found: dict[int, dict[str, float]] = {tile: {} for tile in tiles}
    for name, (task, scale) in WAYS.items():
        photo = restoring.drawn(megapixels / scale**2, deep=True)
        whole = restoring.in_one_tile(weights, photo, task, scale)
        for tile in tiles:
            backend = restoring.load(weights, task, scale, tile)
            cut = restoring.in_tiles(backend, photo, task)
            found[tile][name] = largest_difference(whole, cut)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), [int(tile) for tile in sys.argv[3:]])
