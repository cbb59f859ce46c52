"""Pictures as the tensors that damage is simulated on, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from degrading.quantizing import quantized

from .metrics import Picture


def planes_of(picture: Picture) -> Tensor:
    """Return a picture as (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255


def picture_of(planes: Tensor) -> Picture:
    """Clip planes (1, 3, H, W) and round them to 8 bits."""
    pixels = (quantized(planes)[0] * 255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().numpy()
