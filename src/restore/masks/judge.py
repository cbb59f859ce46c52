"""How likely a thing that stands out is damage: a logistic regression of its measures.

The weights come from `scripts/fit_damage.py`, which says on what.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FARTHEST = 4.0  # deviations from the mean at which a measure is cut off


@dataclass(frozen=True, eq=False)
class Judge:
    """Weighs the measures of things of one kind."""

    least: float  #: probability from which a thing is taken for damage
    constant: float
    #: a row a measure, in the order of `detect`: mean, deviation, weight, weight of the square
    table: Floats

    def probability(self, measures: Floats) -> Floats:
        """Return how likely each of n things is damage: (n, measures) -> (n,)."""
        mean, deviation, *weights = self.table.T
        logit = terms(measures, mean, deviation) @ np.concatenate(weights) + self.constant
        likely: Floats = 1 / (1 + np.exp(-logit))
        return likely


def terms(measures: Floats, mean: Floats, deviation: Floats) -> Floats:
    """Return what is weighed: (n, 2 * measures), each in deviations from the mean, and squared."""
    scaled = ((measures - mean) / deviation).clip(-_FARTHEST, _FARTHEST)
    return np.concatenate([scaled, scaled**2], axis=1)


SCRATCHES = Judge(
    0.7,
    -2.544,
    np.array(
        [
            (2.872, 1.723, 0.535, 0.354),  # area
            (2.333, 1.265, 0.849, -0.372),  # length
            (0.539, 0.648, -0.227, -0.775),  # width
            (0.227, 0.336, -0.01, 0.022),  # thickness over width
            (1.78, 0.177, 1.651, 0.012),  # how far it stands out
            (1.882, 0.27, 0.212, 0.017),  # and at most
            (4.711, 0.33, -1.766, -0.132),  # contrast
            (-4.051, 1.686, -1.09, -0.499),  # others around
            (2.76, 0.365, 2.507, 0.326),  # texture around
            (0.527, 0.083, 0.144, -0.136),  # its side's share of that
            (-1.992, 0.394, -0.118, -0.173),  # slope of the ground
            (0.739, 0.151, -0.092, -0.497),  # brightness
            (2.282, 1.048, -1.399, 0.08),  # unevenness
        ]
    ),
)
DUST = Judge(
    0.4,
    -4.118,
    np.array(
        [
            (1.036, 1.107, -0.31, -1.138),  # area
            (0.817, 0.786, 1.024, 0.387),  # length
            (0.219, 0.417, 1.353, 0.142),  # width
            (0.096, 0.161, -0.195, -0.022),  # thickness over width
            (1.537, 0.145, 2.116, -0.02),  # how far it stands out
            (1.614, 0.229, -2.352, 0.031),  # and at most
            (4.558, 0.302, 0.339, -0.306),  # contrast
            (-3.111, 1.108, -0.952, -0.107),  # others around
            (2.883, 0.349, -0.628, 0.086),  # texture around
            (0.498, 0.042, 0.202, -0.039),  # its side's share of that
            (-1.915, 0.526, -0.78, -0.057),  # slope of the ground
            (0.688, 0.166, 0.424, -0.52),  # brightness
            (1.268, 1.21, -0.373, 0.383),  # unevenness
        ]
    ),
)
