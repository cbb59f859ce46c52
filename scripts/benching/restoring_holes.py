"""Time the filling of one scratch: `python -m benching.restoring_holes WEIGHTS REPEATS MP MP`.

The same scratch in a small and in a large photo, in turns, on one core. The last line of standard
output is JSON: the processor seconds of both, the filled pixels, and the best rate of SGEMM.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from restore.backend import Task

from . import restoring
from .rates import least


def main(weights: Path, repeats: int, small: float, large: float) -> None:
    """Measure and print."""
    backend = restoring.load(weights, Task.INPAINT)
    photos = {"small": restoring.drawn(small), "large": restoring.drawn(large)}
    masks = {size: restoring.scratched(photo) for size, photo in photos.items()}
    measures: dict[str, Callable[[], object]] = {
        size: lambda size=size: restoring.fill(backend, photos[size], masks[size])  # type: ignore[misc]
        for size in photos
    }
    rate, seconds = least(measures, repeats)
    pixels = {size: int((mask.values > 0).sum()) for size, mask in masks.items()}
    sys.stdout.write(json.dumps({"sgemm": rate, "pixels": pixels, **seconds}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
