"""The answer to one photo. Full-size pixels are made one sample at a time, when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..evidence import Removed
from ..routes import Detected
from .levels import LevelMap

Pixels = NDArray[Any]
"""(H, W, C), uint8 or uint16."""


@dataclass(frozen=True)
class Confidence:
    """Where the result is a guess."""

    draws: int  #: true samples that it rests on
    spread: Tensor  #: (h, w), how far they scatter on the backend's grid, CIE units of a*, b*;
    #: of what was filled (1, n), pixel by pixel, in L*, a*, b*
    variance: Tensor  #: likewise, theirs, unbiased, summed over the same units
    error_per_spread: float  #: from spread to the CIEDE2000 error to expect
    #: of the picture, or of what was filled, where the error to expect is above CIEDE2000 10
    guessed_share: float
    render: Callable[[], NDArray[np.uint8]]  #: makes the full-size map, (H, W), white is certain


@dataclass(frozen=True)
class NoiseFound:
    """What a photo's noise was taken to be, and what became of it."""

    detected: Detected
    levels: LevelMap | None  #: None: the backend does not measure it, and nobody told
    first: Removed | None  #: what the network removed; None: it removed nothing
    last: Removed | None  #: of that, what did not stay
    sentence: str  #: the same in plain words, with the advice that follows


@dataclass(frozen=True)
class Filled:
    """What was filled, and by which mask."""

    mask: str  #: its name; "auto" if it was found
    sha256: str | None  #: of its file
    groups: int  #: connected ones, corners included
    pixels: int
    share: float  #: of the picture
    sure: float | None  #: of what was found, that is likely damage, 0 to 1; None: a person's mask


@dataclass(frozen=True)
class Restored:
    """What a backend made of a photo."""

    render: Callable[[int], Pixels]  #: makes the full-size pixels of one sample
    confidence: Confidence | None = None
    noise: NoiseFound | None = None
    filled: Filled | None = None
    maps: Mapping[str, Callable[[], Pixels]] = field(default_factory=dict)  #: grey or RGB, by kind
    unchanged: bool = False  #: the pixels are those that came
    notices: tuple[str, ...] = ()
