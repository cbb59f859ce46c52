"""What a backend must do, and nothing about how.

The pipeline talks to every restorer through `Backend`. It resizes or cuts the photo to the
backend's `Limits`, hands over float pictures, checks what comes back, and does everything that
touches full-size pixels itself: so no backend pads, blends, clamps or locks lightness.

Words: a *picture* is float32 RGB in [0, 1], sRGB-encoded, (N, 3, H, W). A *sample* is one of
several answers to the same question; sample k is the same whether or not others are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LEVEL_CELL = 8  #: pixels a side of a cell of any map of noise levels
SCALES = (2, 4)  #: times that a photo can be enlarged; the first is the default

Value = float | int | str
"""An option of a backend, as the job resolved it and the record holds it."""


class Task(StrEnum):
    """What a command does to a photo."""

    COLORIZE = "colorize"
    DENOISE = "denoise"
    INPAINT = "inpaint"
    UPSCALE = "upscale"

    @property
    def past(self) -> str:
        """The word that output names carry: `photo.colorized.jpg`."""
        return self.value.removesuffix("e") + "ed" if self.value.endswith("e") else f"{self}ed"


class Gives(StrEnum):
    """What a backend's results are."""

    RGB = "rgb"  #: pictures `scale` times the size of what was shown
    CHROMA = "chroma"  #: CIE a*, b* on a grid of any size; the pipeline keeps the lightness


@dataclass(frozen=True)
class Limits:
    """The picture sizes one loaded model accepts, in pixels."""

    multiple_of: int = 1
    minimum: int = 1
    short_side: int | None = None  #: show the whole photo, resized to this; else show tiles
    long_side: int = 4096  #: and never longer than this, whatever the aspect
    tile: int = 512  #: largest side of a tile
    overlap: int = 0  #: context a tile needs on each side
    batch: int = 1  #: tiles of one size that are shown together
    bytes_per_pixel: int = 0  #: of a tile, that a restoration works in; 0: not known
    overview: int | None = None  #: short side of the whole photo that `prepare` wants to see

    def fit(self, side: float) -> int:
        """Return the nearest side that the model accepts.

        >>> Limits(multiple_of=16).fit(100)
        96
        """
        smallest = -(-self.minimum // self.multiple_of)
        return max(smallest, round(side / self.multiple_of), 1) * self.multiple_of

    def padding(self, height: int, width: int) -> tuple[int, int]:
        """Return how much a tile lacks of sides that the model accepts: (down, right).

        >>> Limits(minimum=20, multiple_of=16).padding(10, 33)
        (22, 15)
        """
        least = -(-self.minimum // self.multiple_of) * self.multiple_of
        down, right = (max(-side % self.multiple_of, least - side) for side in (height, width))
        return down, right

    def whole(self, height: int, width: int, short_side: int) -> tuple[int, int]:
        """Return the size at which a whole photo is shown: (height, width), aspect nearly kept.

        >>> Limits(multiple_of=16).whole(3000, 4000, 128)
        (128, 176)
        """
        scale = min(short_side / min(height, width), self.long_side / max(height, width))
        return self.fit(height * scale), self.fit(width * scale)


@dataclass(frozen=True)
class Hint:
    """A colour that a person knows at a place."""

    x: float  #: share of the width, [0, 1)
    y: float  #: share of the height, [0, 1)
    ab: tuple[float, float]  #: CIE a*, b*


@dataclass(frozen=True)
class Guidance:
    """What a person, or a measurement, knows about the photo beyond its pixels."""

    hints: tuple[Hint, ...] = ()
    histogram: Tensor | None = None  #: shares of colours wanted, as the backend documents
    mask: Tensor | None = None  #: (1, 1, H, W) bool, true where the photo is to be filled
    noise_map: Tensor | None = None  #: (3, h, w), deviation of the noise in cells of LEVEL_CELL


@dataclass(frozen=True)
class Draws:
    """How many samples are wanted, and what for."""

    results: int = 1  #: samples 0 .. results - 1 are returned
    evidence: int = 0  #: true samples to measure doubt by; 0: none are needed


@dataclass(frozen=True)
class Shown:
    """A part of the photo, or all of it, as the backend sees it."""

    picture: Tensor  #: (N, 3, H, W)
    mask: Tensor | None = None  #: (N, 1, H, W), the guidance's mask under it as 0 or 1
    noise_map: Tensor | None = None  #: (N, 3, H, W), the guidance's noise map at every pixel


@dataclass(frozen=True)
class Outcome:
    """What a backend made of what it was shown."""

    results: Tensor  #: (samples, N, 3, H * scale, W * scale), or (samples, N, 2, h, w) chroma
    evidence: Tensor | None = None  #: (draws, N, 2, h, w): true samples of a*, b*
    expected: Tensor | None = None  #: (N, 2, h, w), what they scatter around; None: their mean


class Noise(Protocol):
    """The seed's own noise under what is shown: the only source of randomness."""

    def __call__(self, sample: int, step: int, channels: int, stride: int) -> Tensor:
        """Return standard normal noise, (N, channels, H * scale // stride, W * scale // stride).

        So `stride` counts pixels of the result; it divides `limits.multiple_of * scale`.
        """
        ...


class Backend(Protocol):
    """A restorer with its weights loaded, bound to one device."""

    gives: ClassVar[Gives]
    limits: Limits
    scale: int
    error_per_spread: float | None  #: CIEDE2000 to expect per unit of its samples' spread

    @classmethod
    def load(
        cls,
        task: Task,
        weights: Mapping[str, Path],
        options: Mapping[str, Value],
        device: torch.device,
        dtype: torch.dtype,
    ) -> Self:
        """Build the model from verified files. The only slow call.

        Args:
            task: One of those that its row of the registry names.
            weights: Role -> file, for every role of one of its models.
            options: Exactly the names that its row has defaults for, by `Entry.defaults_of`.
            device: Where it computes.
            dtype: Of its arithmetic; what it is shown is float32, what it returns becomes that.

        Raises:
            BackendError: For an option that is out of range.
        """
        ...

    def prepare(self, overview: Tensor | None, guidance: Guidance) -> object:
        """Look at the whole photo once; return what every `restore` of it shall be given.

        Args:
            overview: (1, 3, h, w), the photo at `limits.overview` or `limits.short_side`;
                None if the limits ask for neither.
        """
        ...

    def restore(self, shown: Shown, prepared: object, draws: Draws, noise: Noise) -> Outcome:
        """Restore what is shown. Must not depend on what else is in the batch."""
        ...


@runtime_checkable
class MeasuresNoise(Protocol):
    """A backend that can also say how strong the noise is, before anything is removed."""

    def levels(self, shown: Shown) -> Tensor:
        """Return the deviation of the noise in each cell of LEVEL_CELL pixels, in [0, 1] units.

        (N, 3, H / LEVEL_CELL, W / LEVEL_CELL); the sides of what is shown are multiples.
        """
        ...


class Finder(Protocol):
    """What sees damage, with its weights loaded: a mask for a photo that nobody drew one for."""

    limits: Limits
    damaged_share: float  #: of the pixels that it learned from

    @classmethod
    def load(cls, weights: Mapping[str, Path], device: torch.device, dtype: torch.dtype) -> Self:
        """Build the model from verified files: role -> file. As `Backend.load`."""
        ...

    def likely(self, picture: Tensor) -> Tensor:
        """Return how likely every pixel is damaged: (N, 1, H, W) in [0, 1].

        Args:
            picture: (N, 3, H, W), of sides that the limits accept; on the CPU.
        """
        ...


@dataclass(frozen=True)
class Admitted:
    """What is kept of a published file of weights, for a backend's `load` to read."""

    state: Mapping[str, Tensor]  #: under the network's own names
    config: Mapping[str, object]  #: JSON; what names and shapes do not say of the network


class Admit(Protocol):
    """A backend's check of a published file, when it is imported."""

    def __call__(self, model: str, role: str, content: object) -> Admitted:
        """Take out what the backend needs.

        Args:
            model: A name in weights.lock, one of its row's.
            role: Which of that model's files it is.
            content: What the file held: tensors, nested as its authors nested them.

        Raises:
            ValueError: If those are not exactly the weights of this role; says the first that
                is missing or of another shape.
        """
        ...


@dataclass(frozen=True)
class Entry:
    """A backend's row: enough for `--help` and for a job, without torch."""

    name: str
    target: str  #: "module:Class", imported on first use
    tasks: tuple[Task, ...]
    summary: str
    models: tuple[str, ...] = ()  #: names in weights.lock; the first is the default
    defaults: Mapping[str, Value] = field(default_factory=dict)  #: its options
    draws: bool = False  #: whether it can draw true samples, so that doubt can be measured
    mends: bool = (
        False  #: more than noise, and what looks clean too; detail that it adds is a guess
    )
    rehearses: bool = False  #: gives back what it is shown, its pixels repeated to enlarge
    admit: str = ""  #: "module:function", an `Admit`; empty for a row whose models all ship

    @property
    def invents(self) -> bool | None:
        """Whether it adds what a photo did not show; None: as its task mostly does."""
        return False if self.rehearses else self.mends or None

    def defaults_of(self, task: Task) -> dict[str, Value]:
        """Return its options for a task: to enlarge, every backend takes a `scale` of SCALES."""
        return {**self.defaults, **({"scale": SCALES[0]} if task is Task.UPSCALE else {})}
