"""What the user asked for, resolved once: what is passed is what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from . import defaults
from .backend import Entry, Task, Value
from .errors import RestoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Existing(StrEnum):
    """What to do with an output that is there already."""

    REFRESH = "refresh"  #: skip ours if up to date, redo ours if stale, refuse what is not ours
    OVERWRITE = "overwrite"  #: write over it
    SKIP = "skip"  #: leave it, whatever it is


@dataclass(frozen=True)
class PixelHint:
    """A colour at a pixel, as the command line gives it: after orientation, from the top left."""

    x: int
    y: int
    rgb: tuple[int, int, int]  #: sRGB, 0 to 255

    def __str__(self) -> str:
        return f"{self.x},{self.y}=#{bytes(self.rgb).hex()}"


class Keep(StrEnum):
    """What of the photo a denoiser must leave."""

    DETAIL = "detail"  #: what follows its structure
    GRAIN = "grain"  #: the grain of its film
    NONE = "none"  #: nothing is given back


class NoiseKind(StrEnum):
    """What kind of noise a photo is taken to have."""

    AUTO = "auto"  #: what is found
    SENSOR = "sensor"  #: as strong as the brightness says
    GAUSSIAN = "gaussian"  #: as strong everywhere
    SALT_PEPPER = "salt-pepper"  #: single pixels that are black or white
    PERIODIC = "periodic"  #: lines and screens


MOST_LEVEL = 128.0
"""8-bit levels that noise can have: nothing between black and white deviates by more."""

MAP_UNIT = 256
"""Integers of a 16-bit noise map per 8-bit level of deviation; of an 8-bit map it is 1."""


@dataclass(frozen=True, eq=False)
class NoiseMapFile:
    """A person's own map of the noise's level, read before the run."""

    name: str
    sha256: str
    levels: NDArray[np.float32]  #: (H, W), deviations in 8-bit levels

    def __str__(self) -> str:
        return f"{self.name} sha256:{self.sha256}"


@dataclass(frozen=True)
class Denoising:
    """What a person wants of a denoiser, whichever it is."""

    strength: float = 1.0  #: share of the noise that goes, [0, 1]
    sigma: float | NoiseMapFile | None = None  #: the level, in 8-bit levels; None: measure it
    keep: Keep | None = None  #: None: not said, see `Job.kept`
    noise: NoiseKind = NoiseKind.AUTO
    removed: bool = False  #: write what was removed
    noise_map: bool = False  #: write the level that was found

    @property
    def picture_settings(self) -> dict[str, object]:
        """What the pixels depend on, but for what is kept, which depends on the backend too."""
        sigma = "auto" if self.sigma is None else self.sigma
        return {
            "strength": self.strength,
            "sigma": str(sigma) if isinstance(sigma, NoiseMapFile) else sigma,
            "noise": str(self.noise),
        }


@dataclass(frozen=True, eq=False)
class MaskFile:
    """A person's own mask, as it was read."""

    name: str
    sha256: str
    values: NDArray[np.uint8]  #: (H, W), 255 is white: to be filled
    coloured: bool = False  #: clearly, somewhere: where it is darker than it may have been meant


@dataclass(frozen=True)
class Masking:
    """How masks are read, whichever they are."""

    #: what is at least so bright, or so likely damaged, is filled, 1 to 255
    threshold: int = defaults.THRESHOLD
    grow: int = 0  #: pixels around it that are filled too
    soft: bool = False  #: blend where the mask is grey, inside what is filled
    write: bool = False  #: write the mask

    @property
    def picture_settings(self) -> dict[str, object]:
        """What the pixels depend on, but for the mask itself, which is each photo's own."""
        return {
            "threshold": self.threshold,
            "grow": self.grow,
            "soft": self.soft,
        }


@dataclass(frozen=True)
class Job:
    """One run's settings; the photos are planned apart."""

    task: Task
    entry: Entry
    model: str | None  #: a name in weights.lock, None for a backend without weights
    finder: str | None = None  #: another, of what finds damage; None: masks are given, if any
    seed: int = defaults.SEED
    samples: int = 1
    save_samples: bool = False
    confidence: bool = False
    options: Mapping[str, Value] = field(default_factory=dict)  #: the backend's own, resolved
    hints: tuple[PixelHint, ...] = ()
    denoising: Denoising = Denoising()
    masking: Masking = Masking()
    device: str = "auto"
    precision: str = "auto"
    threads: int = 1
    jobs: int = 1
    max_pixels: int = defaults.MAX_PIXELS
    existing: Existing = Existing.REFRESH

    @property
    def picture_settings(self) -> dict[str, object]:
        """Everything but device, precision and weights that a picture's pixels depend on."""
        return {
            "task": str(self.task),
            "backend": self.entry.name,
            "seed": self.seed,
            "hints": [str(hint) for hint in self.hints],
            **(self._denoising_settings if self.task is Task.DENOISE else {}),
            **(self._masking_settings if self.task is Task.INPAINT else {}),
            **self.options,
        }

    @property
    def kept(self) -> Keep:
        """What a denoiser gives back.

        By default detail; nothing of what classical filters take, or of what a backend that mends
        too changes: structure is what it is to change.
        """
        if self.denoising.noise in (NoiseKind.SALT_PEPPER, NoiseKind.PERIODIC):
            return Keep.NONE
        return self.denoising.keep or (Keep.NONE if self.entry.mends else Keep.DETAIL)

    @property
    def _denoising_settings(self) -> dict[str, object]:
        return {**self.denoising.picture_settings, "keep": str(self.kept)}

    @property
    def _masking_settings(self) -> dict[str, object]:
        # A drawn mask's hash takes the word's place: each photo has its own.
        mask = "auto" if self.finder else "drawn"
        return {"mask": mask, **self.masking.picture_settings}

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models that it computes with."""
        return tuple(name for name in (self.model, self.finder) if name is not None)

    @property
    def scale(self) -> int:
        """How many times as wide and high as its photo a result is to be."""
        return int(self.options.get("scale", 1))

    @property
    def saved_samples(self) -> int:
        """How many samples are written beside the picture."""
        return self.samples if self.save_samples else 0

    @property
    def maps(self) -> tuple[str, ...]:
        """The kinds of maps that are written beside the picture."""
        wanted = {
            "confidence": self.confidence,
            "removed": self.denoising.removed,
            "noise": self.denoising.noise_map,
            "mask": self.masking.write,
        }
        return tuple(kind for kind, wants in wanted.items() if wants)

    @property
    def wanted(self) -> dict[str, object]:
        """What is to be made besides the picture; it changes nothing in it."""
        return {
            "samples": self.samples,
            "save_samples": self.save_samples,
            "maps": list(self.maps),
        }


@dataclass(frozen=True)
class Planned:
    """One photo of a run: where it comes from and where its result goes."""

    name: str  #: as the user knows it
    source: Path | None  #: None: standard input
    output: Path | None  #: None: standard output
    error: RestoreError | None = None  #: why it cannot be done, if planning found that out
    content: bytes = b""  #: what standard input held
    mask: Path | None = None  #: what to fill; None: what is found, if the task is to fill
