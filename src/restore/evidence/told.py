"""What may go at most, where a person said how strong the noise is."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .removed import BLOCK, Floats, Pixels, levels

_STRAYS = 1.2  # times the level, that noise of it has in a block and its neighbours by chance


def energy_of(before: Pixels, after: Pixels) -> Floats:
    """Return the energy removed from each block: (h, w), means over pixels and channels.

    In levels squared. Blocks beyond the last row or column are filled up with their own pixels.

    Args:
        before: (rows, W, C), rows a multiple of 8 but for a photo's last ones.
        after: Likewise.
    """
    squares = np.square(levels(before) - levels(after)).mean(2)
    missing = ((0, -squares.shape[0] % BLOCK), (0, -squares.shape[1] % BLOCK))
    full = np.pad(squares, missing, mode="edge")
    height, width = full.shape
    blocks: Floats = full.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean((1, 3))
    return blocks


def most_that_goes(energy: Floats, level: Tensor) -> Tensor:
    """Return the factors (h, w), 0 .. 1, that leave of a layer no more than noise of a level has.

    Args:
        energy: (h, w), of the layer; see `energy_of`.
        level: (h, w), the deviation that was told, in levels.
    """
    padded = torch.nn.functional.pad(
        torch.from_numpy(energy)[None, None], (1,) * 4, mode="replicate"
    )
    around = torch.nn.functional.avg_pool2d(padded, 3, stride=1)[0, 0].sqrt()
    return (_STRAYS * level / around.clamp_min(1e-6)).clamp(max=1)
