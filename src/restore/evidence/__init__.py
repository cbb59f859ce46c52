"""What can be measured of a result: doubt, and what was removed; from arrays alone."""

from .calibration import ause, rank_correlation, variance_ratio
from .confidence import (
    BLACK,
    ConfidenceMap,
    Map,
    confidence,
    error_inside,
    guessed_share,
    spread,
)
from .grain import MARGIN, given_back, grain_filter
from .kept import Kept
from .layer import advice, display_gain, shown
from .removed import Removed, RemovedStatistics
from .told import energy_of, most_that_goes

__all__ = [
    "BLACK",
    "MARGIN",
    "ConfidenceMap",
    "Kept",
    "Map",
    "Removed",
    "RemovedStatistics",
    "advice",
    "ause",
    "confidence",
    "display_gain",
    "energy_of",
    "error_inside",
    "given_back",
    "grain_filter",
    "guessed_share",
    "most_that_goes",
    "rank_correlation",
    "shown",
    "spread",
    "variance_ratio",
]
