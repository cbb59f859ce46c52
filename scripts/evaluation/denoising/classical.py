"""What anybody has already: OpenCV's non-local means, bilateral filter and median.

Each is tried at every setting of a grid, and the best setting for the whole set of photos counts:
more than a user can do, who has no truth to choose by. OpenCV is wanted by evaluation alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import ClassVar, Protocol, TypeVar

import numpy as np

from ..metrics import Picture

Usable = TypeVar("Usable")

ABSENT = "OpenCV is not installed (pip install opencv-python-headless)"


class Setting(Protocol):
    """One method at one setting; `str` tells the setting."""

    @property
    def method(self) -> str: ...


class Filter(Setting, Protocol):
    """One that is called with nothing but a picture."""

    def __call__(self, picture: Picture) -> Picture: ...


@dataclass(frozen=True)
class NonLocalMeans:
    """`fastNlMeansDenoisingColored`, with its usual 7-pixel patches and 21-pixel windows.

    Source: Buades, Coll and Morel 2005, "A Non-Local Algorithm for Image Denoising", CVPR.
    """

    h: float  #: strength for lightness
    colour: float  #: strength for colour

    method: ClassVar[str] = "non-local means"

    def __call__(self, picture: Picture) -> Picture:
        import cv2

        blue_first = np.ascontiguousarray(picture[..., ::-1])  # it works in Lab, so order matters
        cleaned = cv2.fastNlMeansDenoisingColored(blue_first, None, self.h, self.colour, 7, 21)
        return np.ascontiguousarray(cleaned[..., ::-1]).astype(np.uint8, copy=False)

    def __str__(self) -> str:
        return f"h {self.h:g}, colour {self.colour:g}"


@dataclass(frozen=True)
class Bilateral:
    """`bilateralFilter`.

    Source: Tomasi and Manduchi 1998, "Bilateral Filtering for Gray and Color Images", ICCV.
    """

    colour: float  #: deviation over values, in levels
    space: float  #: deviation over places, in pixels; the window is three times that to each side

    method: ClassVar[str] = "bilateral"

    def __call__(self, picture: Picture) -> Picture:
        import cv2

        side = 2 * round(3 * self.space) + 1
        cleaned = cv2.bilateralFilter(picture, side, self.colour, self.space)
        return cleaned.astype(np.uint8, copy=False)

    def __str__(self) -> str:
        return f"colour {self.colour:g}, space {self.space:g}"


@dataclass(frozen=True)
class Median:
    """`medianBlur`: of each channel, in a square."""

    side: int  #: of the square, pixels

    method: ClassVar[str] = "median"

    def __call__(self, picture: Picture) -> Picture:
        import cv2

        return cv2.medianBlur(picture, self.side).astype(np.uint8, copy=False)

    def __str__(self) -> str:
        return f"{self.side} x {self.side}"


STRENGTHS = (1.5, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36)
COLOUR_RATIOS = (1, 2)
COLOURS = (10, 20, 30, 45, 60, 90, 130)
SPACES = (1, 1.5, 2, 3, 4.5)
SIDES = (3, 5, 7)

MEANS: tuple[Filter, ...] = tuple(
    NonLocalMeans(h, ratio * h) for h in STRENGTHS for ratio in COLOUR_RATIOS
)
BILATERALS: tuple[Filter, ...] = tuple(Bilateral(c, s) for c in COLOURS for s in SPACES)
MEDIANS: tuple[Filter, ...] = tuple(Median(side) for side in SIDES)
GRID = MEANS + BILATERALS + MEDIANS


def label(setting: Setting) -> str:
    """Name a method at a setting."""
    return f"{setting.method}: {setting}"


def usable(filters: Sequence[Usable]) -> Sequence[Usable]:
    """Return the filters if OpenCV is installed, else none; it is left one thread a call."""
    if find_spec("cv2") is None:
        return ()
    import cv2

    cv2.setNumThreads(1)  # photos run side by side
    return filters


def described(filters: Sequence[Filter]) -> str:
    """Say in a sentence what was tried, and with which OpenCV."""
    if not filters:
        return ABSENT
    import cv2

    parts = {NonLocalMeans.method: f"h {_all(STRENGTHS)}, colour {_all(COLOUR_RATIOS)} times h"}
    parts[Bilateral.method] = f"colour {_all(COLOURS)}, space {_all(SPACES)}"
    parts[Median.method] = f"side {_all(SIDES)}"
    methods = dict.fromkeys(filter_.method for filter_ in filters)
    tried = "; ".join(f"{method}: {parts[method]}" for method in methods)
    return f"OpenCV {cv2.__version__}, best of a grid for all photos together. {tried}."


def _all(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
