"""The one place where the evaluation drives the product: its pipeline, on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from restore import registry, weights
from restore.backend import Backend, Task
from restore.clock import Stopwatch
from restore.cores import usable_cores
from restore.device import freeze_arithmetic
from restore.job import Denoising, Job
from restore.photo import Photo
from restore.pipeline import NoiseFound, Workers, restore

from ..metrics import Picture

Item = TypeVar("Item")
Result = TypeVar("Result")


def loaded(file: Path | None) -> Backend:
    """Load the default denoiser, with its own weights or with others for the same network.

    Raises:
        WeightsError: If its own are not there.
    """
    freeze_arithmetic()
    entry = registry.find(registry.names(Task.DENOISE)[0], Task.DENOISE)
    model = entry.models[0]
    path = file or weights.verified(model).path
    cls = registry.load_class(entry)
    return cls.load(Task.DENOISE, {model: path}, {}, torch.device("cpu"), torch.float32)


@dataclass(frozen=True)
class Cleaned:
    """What the product made of a picture."""

    pixels: Picture
    noise: NoiseFound
    untouched: bool
    removed: Picture | None  #: amplified and centred on grey, if it was asked for


def denoised(backend: Backend, picture: Picture, wanted: Denoising) -> Cleaned:
    """Denoise one picture as `restore denoise` does."""
    entry = registry.find(registry.names(Task.DENOISE)[0], Task.DENOISE)
    job = Job(Task.DENOISE, entry, model=None, threads=usable_cores(), denoising=wanted)
    restored = restore(Photo(picture, "PNG"), backend, job, Workers(1), Stopwatch())
    assert restored.noise is not None  # every denoiser's result tells of it
    removed = restored.maps["removed"]() if wanted.removed else None
    return Cleaned(restored.render(0), restored.noise, restored.unchanged, removed)


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Apply `work` to photos in parallel, one on each core; return the results in order."""
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(work, items))
