"""The denoiser with a file of weights that no lock names: to measure what is not shipped yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch

from restore import registry
from restore.backend import Entry, Task, Value
from restore.backends.autoencoder import AutoencoderDenoiser


class Unlocked(AutoencoderDenoiser):
    """Loads one file, whatever it is given."""

    file: ClassVar[Path]

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        return super().load(task, {"weights": cls.file}, options, device, dtype)


def register(file: Path) -> str:
    """Put the backend into the table of this process; return its name."""
    Unlocked.file = file
    entry = Entry(
        name="unlocked",
        target=f"{__name__}:{Unlocked.__name__}",
        tasks=(Task.DENOISE,),
        summary="Takes any file of weights.",
    )
    registry.BACKENDS = (*registry.BACKENDS, entry)
    return entry.name
