"""How a photo is to be denoised: a detector, and the two classical routes beside the network."""

from .detect import Detected, Levels, Route, detect, remaining
from .impulses import Impulses, despeckled, impulses_in
from .periodic import Peak, find_peaks, notched
from .rows import Lines, find_lines, straightened

__all__ = [
    "Detected",
    "Impulses",
    "Levels",
    "Lines",
    "Peak",
    "Route",
    "despeckled",
    "detect",
    "find_lines",
    "find_peaks",
    "impulses_in",
    "notched",
    "remaining",
    "straightened",
]
