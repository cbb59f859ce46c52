"""Damage drawn on clean photographs: scratches and dust, bright or dark, on would-be prints.

Not the training's generator (`degrading.prints`): other shapes, drawn and painted in another way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..metrics import Picture

Mask = NDArray[np.bool_]

_FINE = 4  #: parts of a pixel that damage is drawn in, along each side
SEEN = 12  #: 8-bit levels by which a pixel must change to count as damaged


@dataclass(frozen=True)
class Case:
    """A print, the same without its damage, and where that shows."""

    pixels: Picture
    before: Picture
    truth: Mask  #: (H, W)


def damaged(pixels: Picture, seed: int) -> Case:
    """Return a photo as an old print of it might be."""
    random = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    before = pixels.astype(np.float32)
    if random.random() < 0.7:
        before = before.mean(2, keepdims=True).repeat(3, 2)
    before += random.normal(0, random.uniform(0, 6), (height, width, 1))
    picture = before.copy()
    paints = (255, 0) if random.random() < 0.25 else (random.choice([255, 0]),)
    for kind in paints:
        covered = _cover(height, width, random) * random.uniform(0.5, 1)
        paint = abs(kind - random.uniform(0, 40))
        picture += covered[..., None] * (paint - picture)
    marked, whole = (
        np.asarray(planes.round().clip(0, 255).astype(np.uint8)) for planes in (picture, before)
    )
    change = np.abs(marked.astype(np.int16) - whole).mean(axis=2)
    return Case(marked, whole, change > SEEN)


def _cover(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Draw scratches and dust: how much of each pixel they cover, (H, W)."""
    sheet = Image.new("L", (width * _FINE, height * _FINE))
    pen = ImageDraw.Draw(sheet)
    for _ in range(random.integers(2, 7)):
        steep = random.random() < 0.6  # as film is scratched that runs through a camera
        angle = random.normal(np.pi / 2, 0.25) if steep else random.uniform(0, np.pi)
        steps = int(random.uniform(5, 0.9 * max(height, width) / 8)) + 2
        angles = angle + np.cumsum(random.normal(0, 0.04, steps))
        start = random.uniform(0, (width, height))
        path = start + 8 * np.cumsum(np.stack([np.cos(angles), np.sin(angles)], 1), axis=0)
        thick = max(1, int(random.uniform(1, 5) * _FINE))
        pen.line([(x, y) for x, y in path * _FINE], fill=255, width=thick)
    for _ in range(random.integers(5, 40)):
        radius = np.exp(random.uniform(np.log(1), np.log(5)))
        corners = random.integers(5, 9)
        turn = np.sort(random.uniform(0, 2 * np.pi, corners))
        reach = radius * random.uniform(0.6, 1.2, corners)
        x, y = random.uniform(0, (width, height))
        outline = np.stack([x + reach * np.cos(turn), y + reach * np.sin(turn)], 1) * _FINE
        pen.polygon([(x, y) for x, y in outline], fill=255)
    return np.asarray(sheet.reduce(_FINE), np.float32) / np.float32(255)
