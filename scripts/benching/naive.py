"""Denoise a file naively in this fresh process: `python -m benching.naive WEIGHTS PHOTO`.

The last line of standard output is JSON: the most bytes that the process has held.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from restore import photo

from . import denoising
from .child import peak_memory


def main(weights: Path, path: Path) -> None:
    """Denoise and report; the result is made but not written."""
    pixels = photo.read(path.read_bytes(), max_pixels=2**40).pixels
    picture = denoising.whole_picture(pixels)
    denoising.naively(denoising.load_net(weights), picture)
    sys.stdout.write(json.dumps({"peak": peak_memory()}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
