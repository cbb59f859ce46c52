"""Time the denoiser on one core: `python -m benching.rates WEIGHTS REPEATS MP MP MP`.

The sizes, in megapixels: of the photo in one piece, through the tiler, and called naively.
Everything is measured in turns in this one process, so that all meet the same machine; of every
measure the least processor time counts. The last line of standard output is JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from restore.photo import Photo

from . import denoising
from .child import sgemm_rate
from .noisy import noisy_photograph, sides

TILES = (256, 384, 512, 640, 768)


def least(
    measures: dict[str, Callable[[], object]], repeats: int
) -> tuple[float, dict[str, float]]:
    """Run measures in turns; return the best SGEMM rate beside them and each one's least seconds.

    The seconds are the processor's.
    """
    rate, best = sgemm_rate(), dict.fromkeys(measures, float("inf"))
    for _ in range(repeats):
        for name, measure in measures.items():
            start = time.process_time()
            measure()
            best[name] = min(best[name], time.process_time() - start)
        rate = max(rate, sgemm_rate())
    return rate, best


def main(weights: Path, repeats: int, one_piece: float, tiles: float, naive: float) -> None:
    """Measure and print."""
    backend, net = denoising.load(weights), denoising.load_net(weights)
    photos = {
        megapixels: Photo(noisy_photograph(*sides(megapixels), seed=0), "PNG")
        for megapixels in (one_piece, tiles, naive)
    }
    alone = denoising.whole_picture(photos[one_piece].pixels)
    whole = denoising.whole_picture(photos[naive].pixels)
    largest = denoising.whole_picture(noisy_photograph(max(TILES), max(TILES), seed=0))
    squares = {side: largest[..., :side, :side].contiguous() for side in TILES}
    measures: dict[str, Callable[[], object]] = {
        "one piece": lambda: denoising.bare(backend, alone),
        "naive": lambda: denoising.naively(net, whole),
        "ours": lambda: denoising.in_tiles(backend, photos[naive]),
        "tiles": lambda: denoising.in_tiles(backend, photos[tiles]),
    }
    for side, square in squares.items():
        measures[str(side)] = lambda square=square: denoising.bare(backend, square)  # type: ignore[misc]
    rate, seconds = least(measures, repeats)
    pixels = {megapixels: photo.pixels[..., 0].size for megapixels, photo in photos.items()}
    report = {
        "sgemm": rate,
        "tile": backend.limits.tile,
        "overlap": backend.limits.overlap,
        "one_piece": seconds["one piece"] / pixels[one_piece],
        "tiles": seconds["tiles"] / pixels[tiles],
        "naive": seconds["naive"] / pixels[naive],
        "ours": seconds["ours"] / pixels[naive],
        "bare": {str(side): seconds[str(side)] / side**2 for side in TILES},
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:6]))
