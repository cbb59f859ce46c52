"""How strong: one number for a whole batch, or one for each of its pictures."""

from __future__ import annotations

import torch
from torch import Tensor

Strength = Tensor | float
"""(N,), or one number for all N pictures."""


def per_picture(strength: Strength, pictures: Tensor) -> Tensor:
    """Return a strength for each of N pictures, shaped to multiply them: (N, 1, 1, 1).

    Raises:
        RuntimeError: If there are neither one nor N of them.
    """
    like = torch.as_tensor(strength, dtype=pictures.dtype, device=pictures.device)
    return like.expand(len(pictures))[:, None, None, None]
