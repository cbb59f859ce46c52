"""Whether a doubt can be believed: what samples predict, held against the errors there are.

The measures take anything that numpy reads as an array, of one shape.

Sources: Ilg et al. 2018, "Uncertainty Estimates and Multi-Hypotheses Networks for Optical Flow",
ECCV (sparsification and AUSE); Spearman 1904 (rank correlation).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _flat(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, np.float64).ravel()


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0-based ranks; equal values share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    mean: NDArray[np.float64] = (ends - (counts + 1) / 2)[group]
    return mean


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's correlation, in [-1, 1]; 0 if all of x or all of y are equal."""
    a, b = _ranks(_flat(x)), _ranks(_flat(y))
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm else 0.0


def _remaining(error: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean error of what is left as the highest `by` are taken away: (N,).

    Of cells that tie, any may go first: each counts with the mean of their errors.
    """
    _, group, counts = np.unique(by, return_inverse=True, return_counts=True)
    shared = (np.bincount(group, error) / counts)[group]
    rising = shared[np.argsort(by, kind="stable")]
    left: NDArray[np.float64] = (np.cumsum(rising) / np.arange(1, len(rising) + 1))[::-1]
    return left


def ause(spread: ArrayLike, error: ArrayLike) -> float:
    """Return the area under the sparsification error curve (Ilg et al., section 5).

    Cells are taken away, the most spread first; the curve is the mean error of those left, over
    that of all, less the same when the worst cells go first. 0 is a perfect order. A flat map's
    area, for comparison, is `ause(zeros, error)`.
    """
    truth = _flat(error)
    mean = truth.mean()
    if not mean:
        return 0.0
    return float((_remaining(truth, _flat(spread)) - _remaining(truth, truth)).mean() / mean)


def variance_ratio(variance: ArrayLike, error: ArrayLike) -> float:
    """Return the variance that samples predict over the one there is; 1 if they are calibrated.

    Args:
        variance: Of the samples in each cell, unbiased, summed over the axes.
        error: Distance of the truth from what is expected there.
    """
    return float(_flat(variance).mean() / np.square(_flat(error)).mean())
