"""Gaussian noise as a place: any window of one seed's field, without the field.

The field is unbounded and made of square cells, each drawn from its own counter of a Philox
generator (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011). So windows
agree wherever they overlap, and neither order nor company changes a value.

NumPy keeps a bit generator's raw stream for ever, but not what `standard_normal` makes of it
(NEP 19). The normals are therefore made here, by the transform of Box and Muller (1958).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

CELL = 64  #: side of a cell; part of the definition of every result, never tuned


def window(
    seed: int, sample: int, step: int, channels: int, top: int, left: int, height: int, width: int
) -> NDArray[np.float32]:
    """Cut a window out of the noise of one seed, sample and diffusion step.

    Args:
        seed: From 0 to 2**63 - 1.
        sample: From 0 to 2**32 - 1.
        step: From 0 to 2**32 - 1.
        channels: A channel is the same however many are drawn.
        top: Of the window in the field; may be negative.
        left: Likewise.
        height: At least 0.
        width: At least 0.

    Returns:
        Standard normal, (channels, height, width).

    Raises:
        ValueError: If a number is out of its range.
    """
    for name, value, bits in (("seed", seed, 63), ("sample", sample, 32), ("step", step, 32)):
        if not 0 <= value < 1 << bits:
            raise ValueError(f"{name} {value} is not from 0 to 2**{bits} - 1")
    key = np.array([seed, sample << 32 | step], np.uint64)
    rows = range(top // CELL, -(-(top + height) // CELL))
    columns = range(left // CELL, -(-(left + width) // CELL))
    cells = np.empty((channels, len(rows), CELL, len(columns), CELL), np.float32)
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            for channel in range(channels):
                cells[channel, i, :, j] = _cell(key, channel, y, x)
    field = cells.reshape(channels, len(rows) * CELL, len(columns) * CELL)
    y, x = top % CELL, left % CELL
    return np.ascontiguousarray(field[:, y : y + height, x : x + width])


def _cell(key: NDArray[np.uint64], channel: int, y: int, x: int) -> NDArray[np.float32]:
    """Draw one cell: (CELL, CELL)."""
    # Word 0 counts the draws within the cell; negative places wrap around.
    counter = np.array([0, channel, y % 2**64, x % 2**64], np.uint64)
    bits = Philox(key=key, counter=counter).random_raw(CELL * CELL // 2)
    # Each 64 bits give a point of the plane: distance from the high half, angle from the low.
    # In float64, so that rounding to float32 hides how mathematics libraries differ.
    radius = np.sqrt(-2 * np.log(((bits >> 32) + 0.5) / 2**32))
    angle = (bits & 0xFFFFFFFF) * (2 * np.pi / 2**32)
    pairs = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return pairs.reshape(CELL, CELL).astype(np.float32)
