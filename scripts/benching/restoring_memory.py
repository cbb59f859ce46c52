"""Restore a photo in this fresh process: `python -m benching.restoring_memory WEIGHTS MP [WAY]`.

WAY is "tiles" (those that ship), "whole", or "none" (nothing but the imports, the weights and the
photo). The last line of standard output is JSON: the most bytes that the process has held.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import restoring
from .child import peak_memory


def main(weights: Path, megapixels: float, way: str) -> None:
    """Restore and report."""
    photo = restoring.drawn(megapixels)
    if way == "whole":
        restoring.in_one_tile(weights, photo)
    else:
        backend = restoring.load(weights)
        if way == "tiles":
            restoring.in_tiles(backend, photo)
    sys.stdout.write(json.dumps({"peak": peak_memory()}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
