"""A person's knowledge, moved from pixels to what a backend reads."""

from __future__ import annotations

import torch

from .. import color
from ..backend import Hint
from ..errors import UsageError
from ..job import PixelHint
from ..photo import Photo


def hints_of(hints: tuple[PixelHint, ...], photo: Photo) -> tuple[Hint, ...]:
    """Return hints as shares of the photo's sides and chroma.

    Raises:
        UsageError: If a hint lies outside the photo.
    """
    height, width = photo.pixels.shape[:2]
    moved = []
    for hint in hints:
        if not (0 <= hint.x < width and 0 <= hint.y < height):
            raise UsageError(
                f"hint {hint} lies outside the photo",
                hint=f"x is 0 to {width - 1} and y 0 to {height - 1}, from the top left",
            )
        rgb = torch.tensor(hint.rgb, dtype=torch.float32).view(3, 1, 1) / 255
        _, a, b = color.to_lab(rgb).flatten().tolist()
        moved.append(Hint((hint.x + 0.5) / width, (hint.y + 0.5) / height, (a, b)))
    return tuple(moved)
