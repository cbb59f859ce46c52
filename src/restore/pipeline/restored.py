"""The answer to one photo. Full-size pixels are made one sample at a time, when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Pixels = NDArray[Any]
"""(H, W, C), uint8 or uint16."""


@dataclass(frozen=True)
class Confidence:
    """Where the result is a guess."""

    draws: int  #: true samples that it rests on
    spread: Tensor  #: (h, w), their deviation on the backend's grid, CIE units of a*, b*
    error_per_spread: float  #: from spread to the CIEDE2000 error to expect
    guessed_share: float  #: of the picture, where the error to expect is above CIEDE2000 10
    render: Callable[[], NDArray[np.uint8]]  #: makes the full-size map, (H, W), white is certain


@dataclass(frozen=True)
class Restored:
    """What a backend made of a photo."""

    render: Callable[[int], Pixels]  #: makes the full-size pixels of one sample
    confidence: Confidence | None = None
    notices: tuple[str, ...] = ()
