"""How likely a thing that stands out is damage: a logistic regression of its measures.

The weights come from `scripts/fit_damage.py`, which says on what.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 0.8  #: probability from which a thing is taken for damage

_FARTHEST = 4.0  # deviations from the mean at which a measure is cut off

# A row a measure, in the order of `detect`: mean, deviation, weight, weight of the square.
_TABLE = np.array(
    [
        (1.161, 1.282, 4.763, -0.87),  # area
        (0.907, 0.914, -3.191, 0.711),  # length
        (0.254, 0.457, -0.302, -0.103),  # width
        (0.113, 0.194, -0.61, 0.149),  # thickness over width
        (1.546, 0.152, 1.318, -0.015),  # how far it stands out
        (1.634, 0.249, -1.396, 0.02),  # and at most
        (4.571, 0.303, 0.697, -0.112),  # contrast
        (-3.094, 1.118, -1.005, -0.113),  # others around
        (2.887, 0.357, -0.745, 0.013),  # texture around
        (0.498, 0.041, 0.151, -0.078),  # its side's share of that
        (-1.918, 0.517, -0.745, 0.055),  # slope of the ground
        (0.692, 0.159, 0.456, -0.394),  # brightness
        (1.341, 1.236, -0.153, -0.247),  # unevenness
    ]
)
_CONSTANT = -4.069


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
