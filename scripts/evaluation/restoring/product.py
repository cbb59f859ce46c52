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
from restore.job import Job, MaskFile
from restore.photo import Photo, Pixels
from restore.pipeline import Restored, Workers, restore
from restore.routes import Route

from ..metrics import Picture
from .holes import Mask

NAME = "resshift"


@dataclass(frozen=True)
class Cleaned:
    """What the product made of a degraded picture."""

    samples: Sequence[Picture]
    route: Route  #: that its detector chose


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

    def cleaned(self, picture: Picture) -> Cleaned:
        """Restore a picture as `restore denoise --backend resshift` does."""
        restored = self._restored(picture, Task.DENOISE, 1, self.samples)
        assert restored.noise is not None  # every denoiser's result tells of it
        return Cleaned(_rendered(restored, self.samples), restored.noise.detected.route)

    def filled(self, pixels: Pixels, mask: Mask, samples: int | None = None) -> list[Pixels]:
        """Fill a photo of 8 or 16 bits as `restore inpaint --mask` does: every sample."""
        count = samples or self.samples
        drawn = MaskFile("drawn", "0" * 64, np.where(mask, np.uint8(255), np.uint8(0)))
        return _rendered(self._restored(pixels, Task.INPAINT, 1, count, drawn), count)

    def enlarged(self, picture: Picture, scale: int) -> list[Picture]:
        """Enlarge a picture as `restore upscale --scale` does: every sample."""
        restored = self._restored(picture, Task.UPSCALE, scale, self.samples)
        return _rendered(restored, self.samples)

    def _restored(
        self, pixels: Pixels, task: Task, scale: int, samples: int, mask: MaskFile | None = None
    ) -> Restored:
        entry = _entry(task)
        job = Job(
            task,
            entry,
            model=None,
            samples=samples,
            threads=usable_cores(),  # photos are restored side by side, one on each
            options=_options(entry, task, scale),
        )
        backend = _loaded(self.file, task, scale)
        return restore(Photo(pixels, "PNG"), backend, job, Workers(1), Stopwatch(), mask)


def mean_of(samples: Sequence[Picture]) -> Picture:
    """Return the mean of samples as a person could store it: rounded to 8 bits."""
    mean = np.mean(samples, axis=0, dtype=np.float64)
    return np.asarray(mean.round().astype(np.uint8))


def _rendered(restored: Restored, samples: int) -> list[Pixels]:
    return [restored.render(sample) for sample in range(samples)]


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
