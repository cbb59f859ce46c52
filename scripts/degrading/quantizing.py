"""The grid of values that a file can hold."""

from __future__ import annotations

from torch import Tensor


def quantized(picture: Tensor, levels: int = 256) -> Tensor:
    """Clip a picture to [0, 1] and round it to a file's values.

    Args:
        picture: Any shape.
        levels: How many values there are: 256 for 8 bits, 65536 for 16.
    """
    return picture.clamp(0, 1).mul_(levels - 1).round_().div_(levels - 1)
