"""The one place where the evaluation drives the restorer: the product's pipeline, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from restore import registry, weights
from restore.backend import Backend, Entry, Task
from restore.clock import Stopwatch
from restore.cores import usable_cores
from restore.device import freeze_arithmetic
from restore.job import Denoising, Job, MaskFile
from restore.photo import Photo, Pixels
from restore.pipeline import Workers, restore

from ..metrics import Picture
from .holes import Mask

NAME = "resshift"


@dataclass(frozen=True)
class Restorer:
    """The product's restorer, with its own weights or others for the same network."""

    file: Path
    samples: int  #: that are drawn where a mean is wanted

    @classmethod
    def of(cls, file: Path | None, samples: int) -> Restorer:
        """Take weights, or by default those that ship.

        Raises:
            BackendError: If the product has no such backend.
            WeightsError: If the file holds no weights of it, or its own are not there.
        """
        freeze_arithmetic()
        if file is None:
            file = weights.verified(_entry(Task.DENOISE).models[0]).path
        restorer = cls(file, samples)
        _loaded(file, Task.DENOISE, 1)  # a wrong file is told at once
        return restorer

    def cleaned(self, picture: Picture, wanted: Denoising) -> list[Picture]:
        """Restore a picture as `restore denoise --backend resshift` does: every sample."""
        return self._restored(picture, Task.DENOISE, 1, self.samples, wanted)

    def filled(self, pixels: Pixels, mask: Mask, samples: int | None = None) -> list[Pixels]:
        """Fill a photo of 8 or 16 bits as `restore inpaint --mask` does: every sample."""
        white = np.where(mask, np.uint8(255), np.uint8(0))
        drawn = MaskFile("drawn", "0" * 64, white)
        return self._restored(pixels, Task.INPAINT, 1, samples or self.samples, mask=drawn)

    def enlarged(self, picture: Picture, scale: int) -> list[Picture]:
        """Enlarge a picture as `restore upscale --scale` does: every sample."""
        return self._restored(picture, Task.UPSCALE, scale, self.samples)

    def _restored(
        self,
        pixels: Pixels,
        task: Task,
        scale: int,
        samples: int,
        wanted: Denoising | None = None,
        mask: MaskFile | None = None,
    ) -> list[Pixels]:
        entry = _entry(task)
        job = Job(
            task,
            entry,
            model=None,
            samples=samples,
            threads=usable_cores(),  # photos are restored side by side, one on each
            options=_options(entry, task, scale),
            denoising=wanted or Denoising(),
        )
        backend = _loaded(self.file, task, scale)
        photo = Photo(pixels, "PNG")
        restored = restore(photo, backend, job, Workers(1), Stopwatch(), mask)
        return [restored.render(sample) for sample in range(samples)]


def mean_of(samples: Sequence[Picture]) -> Picture:
    """Return the mean of samples as a person could store it: rounded to 8 bits."""
    mean = np.mean(samples, axis=0, dtype=np.float64)
    return np.asarray(mean.round().astype(np.uint8))


def _entry(task: Task) -> Entry:
    return registry.find(NAME, task)


def _options(entry: Entry, task: Task, scale: int) -> dict[str, float | int | str]:
    return {**entry.defaults_of(task), **({"scale": scale} if task is Task.UPSCALE else {})}


@cache
def _loaded(file: Path, task: Task, scale: int) -> Backend:
    entry = _entry(task)
    place = torch.device("cpu"), torch.float32
    options = _options(entry, task, scale)
    return registry.load_class(entry).load(task, {"weights": file}, options, *place)
