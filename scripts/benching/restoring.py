"""The restorer in one piece, in tiles as the program runs it, and where it fills a scratch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from restore import noise, registry
from restore.backend import Draws, Guidance, Shown, Task, Value
from restore.backends.resshift import ResShift
from restore.clock import Stopwatch
from restore.device import freeze_arithmetic
from restore.job import Job, MaskFile
from restore.photo import Photo, Pixels
from restore.pipeline import Workers, restore, tiled

from .noisy import noisy_photograph, sides

SEED = 1
SCRATCH = 700, 4  #: length and width, pixels; from the middle of a photo to its lower right


def load(
    weights: Path, task: Task = Task.DENOISE, scale: int = 1, tile: int | None = None
) -> ResShift:
    """Load the backend as the program does, on the CPU.

    Args:
        weights: Of our own network.
        task: That it shall serve.
        scale: Of the sides, to enlarge.
        tile: Largest side of a tile of the result, in pixels; None: as it ships.
    """
    freeze_arithmetic()
    place = torch.device("cpu"), torch.float32
    backend = ResShift.load(task, {"weights": weights}, _options(task, scale), *place)
    if tile is not None:
        unit = backend.limits.multiple_of
        side = -(-tile // (scale * unit)) * unit
        backend.limits = replace(backend.limits, tile=side, bytes_per_pixel=0)
    return backend


def drawn(megapixels: float, deep: bool = False) -> Photo:
    """Draw a noisy photograph, of 16 bits if `deep`."""
    pixels = noisy_photograph(*sides(megapixels), seed=0)
    return Photo(pixels.astype(np.uint16) * 257 if deep else pixels, "PNG")


def bare(backend: ResShift, picture: Tensor) -> Tensor:
    """Take one picture (1, 3, H, W) through all steps, with nothing around the network.

    Its noise is drawn beforehand, as cheap as can be.
    """
    white = torch.randn(picture.shape)

    def draw(sample: int, step: int, channels: int, stride: int) -> Tensor:
        return white

    with torch.inference_mode():
        return backend.restore(Shown(picture), None, Draws(), draw).results[0]


def in_tiles(backend: ResShift, photo: Photo, task: Task = Task.DENOISE) -> Pixels:
    """Restore or enlarge a photo through the program's tiler, on one thread."""
    job = _job(task, backend.scale)
    clock = Stopwatch()
    draws, workers = Draws(), Workers(1)
    return tiled.restore(photo, backend, job, Guidance(), draws, workers, clock).render(0)


def in_one_tile(weights: Path, photo: Photo, task: Task = Task.DENOISE, scale: int = 1) -> Pixels:
    """Do the same without a seam."""
    side = scale * max(photo.pixels.shape)
    return in_tiles(load(weights, task, scale, tile=side), photo, task)


def fill(backend: ResShift, photo: Photo, mask: MaskFile) -> Pixels:
    """Fill the holes of a photo through the program's pipeline, on one thread."""
    job = _job(Task.INPAINT)
    return restore(photo, backend, job, Workers(1), Stopwatch(), mask).render(0)


def scratched(photo: Photo) -> MaskFile:
    """Draw one slanted scratch, the same whatever the photo's size."""
    height, width = photo.pixels.shape[:2]
    length, wide = SCRATCH
    image = Image.new("L", (width, height))
    left, top = width // 2, height // 2
    reach = min(length, 2 * left, 2 * top)  # of a photo that is smaller, from edge to edge
    start, stop = (left - 0.4 * reach, top - 0.3 * reach), (left + 0.4 * reach, top + 0.3 * reach)
    ImageDraw.Draw(image).line([start, stop], fill=255, width=wide)
    return MaskFile("scratch", "0" * 64, np.array(image))


def field(height: int, width: int) -> None:
    """Draw the noise that a chain of as many steps as ours takes: (3, height, width) each."""
    for step in range(4):
        noise.window(SEED, 0, step, 3, 0, 0, height, width)


def _job(task: Task, scale: int = 1) -> Job:
    entry = registry.find("resshift", task)
    return Job(task, entry, None, seed=SEED, options=_options(task, scale))


def _options(task: Task, scale: int) -> dict[str, Value]:
    return {"mean": 1, **({"scale": scale} if task is Task.UPSCALE else {})}
