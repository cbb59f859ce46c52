"""Time the restorer on one core: `python -m benching.restoring_rates WEIGHTS REPEATS MEGAPIXELS`.

In one piece and through the tiler, and the noise that it needs. Everything is measured in turns
in this one process; of every measure the least processor time counts. The last line of standard
output is JSON: seconds, and the best rate of SGEMM.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from . import restoring
from .denoising import whole_picture
from .rates import least


def main(weights: Path, repeats: int, megapixels: float) -> None:
    """Measure and print."""
    backend, photo = restoring.load(weights), restoring.drawn(megapixels)
    picture = whole_picture(photo.pixels, backend.limits.multiple_of)
    height, width = photo.pixels.shape[:2]
    measures: dict[str, Callable[[], object]] = {
        "one_piece": lambda: restoring.bare(backend, picture),
        "tiles": lambda: restoring.in_tiles(backend, photo),
        "noise": lambda: restoring.field(height, width),
    }
    rate, seconds = least(measures, repeats)
    report = {
        "sgemm": rate,
        "pixels": height * width,
        "tile": backend.limits.tile,
        "overlap": backend.limits.overlap,
        **seconds,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
