"""What happens to paper: scratches, dust, cracks, tears and missing corners, as masks of holes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Random = np.random.Generator
Mask = NDArray[np.bool_]
"""(H, W), true where the picture is lost."""

_FINE = 4  #: masks are drawn so many times larger, so that lines may lie between pixels


def _drawn(side: int, draw: Callable[[ImageDraw.ImageDraw], None]) -> Mask:
    """Draw at _FINE times the size; a pixel is lost if half of it is."""
    image = Image.new("L", (side * _FINE, side * _FINE))
    draw(ImageDraw.Draw(image))
    return np.asarray(image.reduce(_FINE)) > 127


def _walk(
    side: int, start: NDArray[np.float64], angle: float, length: float, bend: float, random: Random
) -> NDArray[np.float64]:
    """Return a line that goes astray: (points, 2), x and y in pixels.

    Args:
        side: Of the picture, which bounds a step.
        start: (2,).
        angle: In which it sets out, radians.
        length: In all, pixels.
        bend: Deviation of the angle from step to step, radians.
        random: Draws the bends.
    """
    stride = max(2.0, side / 24)
    angles = angle + np.cumsum(random.normal(0, bend, max(2, int(length / stride))))
    steps = stride * np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.concatenate([start[None], start + np.cumsum(steps, 0)])


def _points(line: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in line * _FINE]


def scratches(side: int, random: Random) -> Mask:
    """Draw one to four lines, 0.8 to 6 pixels wide, nearly straight."""

    def draw(pen: ImageDraw.ImageDraw) -> None:
        for _ in range(random.integers(1, 5)):
            width = float(np.exp(random.uniform(np.log(0.8), np.log(6))))
            bend = random.choice([0.0, 0.03, 0.15])
            line = _walk(
                *(side, random.uniform(0, side, 2), random.uniform(0, 2 * np.pi)),
                *(random.uniform(0.3, 1.4) * side, bend, random),
            )
            pen.line(_points(line), fill=255, width=max(1, round(width * _FINE)), joint="curve")

    return _drawn(side, draw)


def dust(side: int, random: Random) -> Mask:
    """Draw up to eight specks of 1 to about 24 pixels, mostly small: ellipses with dents."""

    def draw(pen: ImageDraw.ImageDraw) -> None:
        for _ in range(random.integers(1, 9)):
            size = np.exp(random.uniform(0, np.log(24)))
            turn = np.sort(random.uniform(0, 2 * np.pi, 12))
            radius = size / 2 * random.uniform(0.6, 1.1, 12)
            squeeze = random.uniform(0.5, 1)
            outline = np.stack([np.cos(turn) * radius, np.sin(turn) * radius * squeeze], 1)
            pen.polygon(_points(outline + random.uniform(0, side, 2)), fill=255)

    return _drawn(side, draw)


def cracks(side: int, random: Random) -> Mask:
    """Draw a fine crooked line that branches."""

    def draw(pen: ImageDraw.ImageDraw) -> None:
        width = max(1, round(random.uniform(0.8, 2.5) * _FINE))
        start, angle = random.uniform(0, side, 2), random.uniform(0, 2 * np.pi)
        trunk = _walk(side, start, angle, 1.2 * side, 0.4, random)
        pen.line(_points(trunk), fill=255, width=width)
        for _ in range(random.integers(0, 5)):
            fork = trunk[random.integers(len(trunk))]
            away = angle + random.choice([-1, 1]) * random.uniform(0.5, 1.3)
            branch = _walk(side, fork, away, random.uniform(0.1, 0.5) * side, 0.4, random)
            pen.line(_points(branch), fill=255, width=width)

    return _drawn(side, draw)


def tear(side: int, random: Random) -> Mask:
    """Draw a tear from the border inwards, wide where it begins."""
    edge = np.array([random.uniform(0, side), 0.0])
    line = _walk(side, edge, random.uniform(0.3, 0.7) * np.pi, 0.7 * side, 0.25, random)
    half = np.linspace(random.uniform(2, 9), 0.5, len(line)) * random.uniform(0.7, 1.3, len(line))
    across = np.array([1.0, 0.0])
    outline = np.concatenate([line - half[:, None] * across, (line + half[:, None] * across)[::-1]])
    mask = _drawn(side, lambda pen: pen.polygon(_points(outline), fill=255))
    return np.rot90(mask, int(random.integers(4)))


def corner(side: int, random: Random) -> Mask:
    """Take away a corner along a jagged edge."""
    wide, high = random.uniform(0.1, 0.35, 2) * side
    share = np.linspace(0, 1, 9)
    edge = np.stack([wide * (1 - share), high * share], 1)
    edge += random.normal(0, 0.02 * side, edge.shape)
    outline = np.concatenate([[[-side, -side], [wide, -side]], edge, [[-side, high]]])
    mask = _drawn(side, lambda pen: pen.polygon(_points(outline), fill=255))
    return np.rot90(mask, int(random.integers(4)))


KINDS: dict[Callable[[int, Random], Mask], float] = {
    scratches: 0.45,
    dust: 0.3,
    cracks: 0.12,
    tear: 0.07,
    corner: 0.06,
}
"""With how often each is drawn."""


def damage(side: int, random: Random) -> Mask:
    """Draw one kind of damage, or two; never nothing, and never more than half of the picture."""
    kinds, chances = list(KINDS), list(KINDS.values())
    while True:
        masks = [
            kinds[i](side, random)
            for i in random.choice(len(kinds), random.integers(1, 3), p=chances)
        ]
        mask = np.logical_or.reduce(masks)
        if 0 < mask.mean() < 0.5:
            return mask
