"""How likely a thing that stands out is damage: a logistic regression of its measures.

The weights come from `scripts/fit_damage.py`, which says on what.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 0.7  #: probability from which a thing is taken for damage

_FARTHEST = 4.0  # deviations from the mean at which a measure is cut off

# A row a measure, in the order of `detect`: mean, deviation, weight, weight of the square.
_TABLE = np.zeros((13, 4)) + [0, 1, 0, 0]
_CONSTANT = -9.0


def terms(measures: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Return what is weighed: (n, 2 * measures), each in deviations from the mean, and squared."""
    scaled = ((measures - mean) / deviation).clip(-_FARTHEST, _FARTHEST)
    return np.concatenate([scaled, scaled**2], axis=1)


def probability(measures: Floats) -> Floats:
    """Return how likely each of n things is damage: (n, measures) -> (n,)."""
    mean, deviation, *weights = _TABLE.T
    logit = terms(measures, mean, deviation) @ np.concatenate(weights) + _CONSTANT
    likely: Floats = 1 / (1 + np.exp(-logit))
    return likely
