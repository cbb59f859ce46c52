"""What the user asked for, resolved once: what is passed is what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from . import defaults
from .backend import Entry, Task, Value
from .errors import RestoreError


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


@dataclass(frozen=True)
class Job:
    """One run's settings; the photos are planned apart."""

    task: Task
    entry: Entry
    model: str | None  #: a name in weights.lock, None for a backend without weights
    seed: int = defaults.SEED
    samples: int = 1
    save_samples: bool = False
    confidence: bool = False
    options: Mapping[str, Value] = field(default_factory=dict)  #: the backend's own, resolved
    hints: tuple[PixelHint, ...] = ()
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
            **self.options,
        }

    @property
    def wanted(self) -> dict[str, object]:
        """What is to be made besides the picture; it changes nothing in it."""
        return {
            "samples": self.samples,
            "save_samples": self.save_samples,
            "confidence": self.confidence,
        }


@dataclass(frozen=True)
class Planned:
    """One photo of a run: where it comes from and where its result goes."""

    name: str  #: as the user knows it
    source: Path | None  #: None: standard input
    output: Path | None  #: None: standard output
    error: RestoreError | None = None  #: why it cannot be done, if planning found that out
    content: bytes = b""  #: what standard input held
