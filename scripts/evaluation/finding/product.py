"""The one place where the evaluation drives the product's finder, on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from restore import registry, weights
from restore.backend import Finder, Task
from restore.device import freeze_arithmetic
from restore.job import Job, Masking
from restore.masks import Damage
from restore.photo import Photo
from restore.pipeline import Workers
from restore.pipeline.finding import find_damage

from ..metrics import Picture


@dataclass(frozen=True)
class Product:
    """The product's finder, with its own weights or others for the same network."""

    finder: Finder
    threshold: int  #: as `--threshold`

    @classmethod
    def of(cls, file: Path | None, threshold: int) -> Product:
        """Take weights, or by default those that ship.

        Raises:
            WeightsError: If the file holds no weights of it, or its own are not there.
        """
        freeze_arithmetic()
        if file is None:
            file = weights.verified(registry.FINDER.models[0]).path
        place = torch.device("cpu"), torch.float32
        return cls(registry.load_finder().load({"net": file}, *place), threshold)

    def damage(self, picture: Picture) -> Damage:
        """Return what `restore inpaint --mask auto` would fill of a picture."""
        entry = registry.find(registry.names(Task.INPAINT)[0], Task.INPAINT)
        masking = Masking(threshold=self.threshold)
        job = Job(Task.INPAINT, entry, None, masking=masking)
        photo = Photo(np.array(picture), "PNG")
        return find_damage(photo, self.finder, job, Workers(1))
