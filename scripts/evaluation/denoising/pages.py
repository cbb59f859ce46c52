"""Printed pages, drawn: structure that no denoiser may take for noise."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..metrics import Picture

SIDE = 512  #: pixels
PAPER, INK = (238, 234, 224), (44, 42, 40)
SIZES = (11, 15, 21, 30)  #: of letters, pixels
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


def blank() -> Picture:
    """Return a page without text."""
    return np.full((SIDE, SIDE, 3), PAPER, np.uint8)


def printed(size: int, seed: int) -> Picture:
    """Return a page full of made-up words in letters of a size."""
    random = np.random.default_rng(seed)
    image = Image.fromarray(blank())
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    for top in range(size, SIDE - 2 * size, round(1.6 * size)):
        words = ("".join(random.choice(list(_LETTERS), n)) for n in random.integers(2, 10, 40))
        line = ""
        for word in words:
            longer = f"{line} {word}".strip()
            if draw.textlength(longer, font) > SIDE - 2 * size:
                break
            line = longer
        draw.text((size, top), line, INK, font)
    return np.array(image)
