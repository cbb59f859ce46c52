"""How a learning rate goes over a run."""

from __future__ import annotations

import numpy as np


def trapezoid(done: float) -> float:
    """Return a factor after a share `done` of the time: up during 2%, down during the last 40%.

    It ends at a hundredth, not zero: the clock may run a little over.

    >>> [round(trapezoid(done), 2) for done in (0.01, 0.3, 0.8, 1.0)]
    [0.5, 1.0, 0.5, 0.01]
    """
    return float(np.clip(min(done / 0.02, (1 - done) / 0.4), 0.01, 1))
