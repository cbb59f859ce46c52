"""Look for damage in this fresh process: `python -m benching.finding WEIGHTS MEGAPIXELS WAY`.

WAY is "time", "memory", "none" (nothing but the imports, the weights and the photo) or "seams".
The last line of standard output is JSON. Photographs are drawn, with some scratches on them.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from restore import registry
from restore.backend import Finder, Task
from restore.device import freeze_arithmetic, keep_nothing_freed
from restore.job import Job
from restore.masks import Damage
from restore.photo import Photo
from restore.pipeline import Workers
from restore.pipeline.finding import find_damage

from .child import peak_memory, sgemm_rate
from .noisy import noisy_photograph, sides

NOISE = 4.0  #: deviation, 8-bit levels: a print's grain
SCRATCHES = 12


def load(weights: Path, tile: int | None = None) -> Finder:
    """Load the finder as the program does, on the CPU; with a tile's side of one's own."""
    freeze_arithmetic()
    keep_nothing_freed()
    place = torch.device("cpu"), torch.float32
    finder = registry.load_finder().load({"net": weights}, *place)
    if tile is not None:
        finder.limits = replace(finder.limits, tile=tile, bytes_per_pixel=0)
    return finder


def drawn(megapixels: float) -> Photo:
    """Draw a photograph with scratches."""
    width, height = sides(megapixels)
    picture = Image.fromarray(noisy_photograph(width, height, seed=0, noise=NOISE))
    pen = ImageDraw.Draw(picture)
    random = np.random.default_rng(0)
    for x, y, across, down in random.uniform(-1, 1, (SCRATCHES, 4)):
        start = (0.5 + x / 2) * width, (0.5 + y / 2) * height
        stop = start[0] + 300 * across, start[1] + 300 * down
        pen.line([start, stop], fill=(245, 240, 230), width=2)
    return Photo(np.asarray(picture).copy(), "PNG")


def find(finder: Finder, photo: Photo) -> Damage:
    """Find a photo's damage through the program's pipeline, on one thread."""
    entry = registry.find(registry.names(Task.INPAINT)[0], Task.INPAINT)
    job = Job(Task.INPAINT, entry, None)
    return find_damage(photo, finder, job, Workers(1))


def main(weights: Path, megapixels: float, way: str) -> None:
    """Measure and print."""
    photo = drawn(megapixels)
    found: dict[str, float] = {"pixels": photo.pixels[..., 0].size}
    if way == "seams":
        whole = find(load(weights, tile=1 << 14), photo).mask
        cut = find(load(weights, tile=320), photo).mask
        found |= {"marked": int(whole.sum()), "differ": int((whole != cut).sum())}
    else:
        finder = load(weights)
        start = time.process_time()
        if way != "none":
            find(finder, photo)
        found["seconds"] = time.process_time() - start
        found["peak"] = peak_memory()
        found["sgemm"] = sgemm_rate() if way == "time" else 0
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
