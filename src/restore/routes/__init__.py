"""How a photo is to be denoised: a detector, and the two classical routes beside the network."""

from .detect import Detected, Route, detect
from .impulses import despeckled, impulse_share
from .periodic import Peak, find_peaks, notched

__all__ = [
    "Detected",
    "Peak",
    "Route",
    "despeckled",
    "detect",
    "find_peaks",
    "impulse_share",
    "notched",
]
