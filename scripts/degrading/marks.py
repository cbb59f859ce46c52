"""Marks that prints, slides and films bear: how much of every pixel each of them covers.

Every function takes the side of a square picture and a generator, and returns the share of every
pixel that is covered: (side, side) in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Random = np.random.Generator
Cover = NDArray[np.float32]
Path = NDArray[np.float64]

_FINE = 3  #: parts of a pixel that marks are drawn in, along each side


class _Sheet:
    """What marks are drawn on, in pixels."""

    def __init__(self, side: int) -> None:
        self._image = Image.new("L", (side * _FINE, side * _FINE))
        self._pen = ImageDraw.Draw(self._image)

    def line(self, path: Path, widths: Path, strength: float) -> None:
        """Draw a line, (points, 2) of x and y, whose pieces have widths of their own."""
        fine, fill = path * _FINE, int(255 * strength)
        for start, stop, width in zip(fine[:-1], fine[1:], widths, strict=False):
            thick = max(1, round(width * _FINE))
            self._pen.line([*start, *stop], fill=fill, width=thick)
            if thick > _FINE:  # no gaps where pieces meet
                half = thick / 2
                self._pen.ellipse([*(stop - half), *(stop + half)], fill=fill)

    def patch(self, outline: Path, strength: float) -> None:
        """Draw a polygon, (corners, 2) of x and y."""
        corners = [(float(x), float(y)) for x, y in outline * _FINE]
        self._pen.polygon(corners, fill=int(255 * strength))

    @property
    def cover(self) -> Cover:
        return np.asarray(self._image.reduce(_FINE), np.float32) / np.float32(255)


def _log_uniform(low: float, high: float, random: Random) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _walk(
    start: Path,
    angle: float,
    length: float,
    stride: float,
    bend: float,
    random: Random,
    crooked: float = 0,
) -> Path:
    """Return a line that sets out at an angle: (points, 2).

    It bends by `bend` from stride to stride, and strays by `crooked` from where it is bound for,
    both deviations in radians.
    """
    count = max(2, int(length / stride))
    angles = angle + np.cumsum(random.normal(0, bend, count)) + random.normal(0, crooked, count)
    steps = stride * np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.concatenate([start[None], start + np.cumsum(steps, 0)])


def _ragged(middle: Path, size: float, random: Random) -> Path:
    """Return the outline of a patch about `size` pixels across: (corners, 2)."""
    count = 6 + int(size)
    turn = np.sort(random.uniform(0, 2 * np.pi, count))
    reach = size / 2 * random.uniform(0.5, 1.2, count)
    squeeze, lean = random.uniform(0.4, 1), random.uniform(0, np.pi)
    x, y = reach * np.cos(turn), reach * np.sin(turn) * squeeze
    return middle + np.stack(
        [x * np.cos(lean) - y * np.sin(lean), x * np.sin(lean) + y * np.cos(lean)], 1
    )


def scratches(side: int, random: Random) -> Cover:
    """Draw nearly straight lines, often side by side, as what rubs a film leaves."""
    sheet = _Sheet(side)
    shared = random.uniform(0, np.pi)
    if random.random() < 0.35:  # as film runs
        shared = random.choice([0, np.pi / 2]) + random.normal(0, 0.02)
    alike = random.random() < 0.5
    for _ in range(min(12, random.geometric(0.3))):
        angle = random.normal(shared, 0.06) if alike else random.uniform(0, 2 * np.pi)
        bend = random.choice([0.0, 0.01, 0.06])
        start, length = random.uniform(0, side, 2), _log_uniform(8, 1.5 * side, random)
        path = _walk(start, angle, length, 6.0, bend, random)
        width = _log_uniform(0.5, 5, random) * random.uniform(0.7, 1.3, len(path))
        sheet.line(path, width, random.uniform(0.4, 1))
    return sheet.cover


def fibres(side: int, random: Random) -> Cover:
    """Draw hairs and threads: short, thin and curled."""
    sheet = _Sheet(side)
    for _ in range(random.integers(1, 5)):
        start, angle = random.uniform(0, side, 2), random.uniform(0, 2 * np.pi)
        length, bend = random.uniform(8, 70), random.uniform(0.05, 0.3)
        path = _walk(start, angle, length, 2.0, bend, random)
        sheet.line(path, np.full(len(path), random.uniform(0.5, 1.8)), random.uniform(0.5, 1))
    return sheet.cover


def specks(side: int, random: Random) -> Cover:
    """Draw dust: few or many, mostly of one to three pixels, a few larger."""
    sheet = _Sheet(side)
    for _ in range(int(_log_uniform(2, 60, random))):
        size = min(14.0, float(np.exp(random.normal(0.6, 0.6))))
        sheet.patch(_ragged(random.uniform(0, side, 2), size, random), random.uniform(0.4, 1))
    return sheet.cover


def cracks(side: int, random: Random) -> Cover:
    """Draw crooked lines that branch, as a bent print's layer breaks."""
    sheet = _Sheet(side)
    width, crooked = _log_uniform(0.4, 2.5, random), random.uniform(0.1, 0.8)
    bend, uneven = random.uniform(0.03, 0.3), random.uniform(0.1, 0.6)

    def crack(start: Path, angle: float, length: float, thick: float, depth: int) -> None:
        path = _walk(start, angle, length, random.uniform(2, 5), bend, random, crooked)
        widths = thick * np.exp(random.normal(0, uneven, len(path)))
        sheet.line(path, widths, 1)
        if depth:
            for _ in range(random.poisson(length / 45)):
                fork = path[random.integers(len(path))]
                away = angle + random.choice([-1, 1]) * random.uniform(0.4, 1.6)
                share = random.uniform(0.15, 0.7)
                crack(fork, away, share * length, 0.8 * thick, depth - 1)

    for _ in range(random.integers(1, 4)):
        start, angle = random.uniform(0, side, 2), random.uniform(0, 2 * np.pi)
        crack(start, angle, random.uniform(0.3, 1.3) * side, width, 2)
    return sheet.cover


def creases(side: int, random: Random) -> Cover:
    """Draw a fold: a long line of uneven width along which the layer has flaked off."""
    sheet = _Sheet(side)
    angle = random.uniform(0, 2 * np.pi)
    middle = random.uniform(0.1, 0.9, 2) * side
    bend = random.uniform(0, 0.08)
    back, forth = (_walk(middle, angle + turn, side, 4.0, bend, random) for turn in (np.pi, 0))
    path = np.concatenate([back[:0:-1], forth])
    path += random.normal(0, 0.5, path.shape)
    width = _log_uniform(0.5, 4, random)
    sheet.line(path, width * np.exp(random.normal(0, 0.5, len(path))), 1)
    for _ in range(random.poisson(6)):
        place = path[random.integers(len(path))] + random.normal(0, 1.5, 2)
        sheet.patch(_ragged(place, _log_uniform(2, 4 * width + 3, random), random), 1)
    return sheet.cover


def flakes(side: int, random: Random) -> Cover:
    """Draw patches of five to thirty pixels where the layer is gone."""
    sheet = _Sheet(side)
    for _ in range(random.integers(1, 7)):
        size = _log_uniform(4, 30, random)
        sheet.patch(_ragged(random.uniform(0, side, 2), size, random), 1)
    return sheet.cover


Kind = Callable[[int, Random], Cover]

BRIGHT: dict[Kind, float] = {
    scratches: 0.28,
    fibres: 0.07,
    specks: 0.25,
    cracks: 0.25,
    creases: 0.08,
    flakes: 0.07,
}
"""Where the paper shows, or a film lets light through; with how often each is drawn."""

DARK: dict[Kind, float] = {scratches: 0.4, fibres: 0.2, specks: 0.35, cracks: 0.05}
"""What lies on a print, or shades a film: dirt is thin or small."""


def marks(kinds: dict[Kind, float], side: int, random: Random) -> Cover:
    """Draw one kind of mark, some of it often faint: where a print was touched lightly."""
    kind = list(kinds)[random.choice(len(kinds), p=list(kinds.values()))]
    cover = kind(side, random)
    if random.random() < 0.5:
        cells = random.uniform(-0.6, 1.6, (max(2, side // 12),) * 2).astype(np.float32)
        rubbed = np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC))
        cover = cover * rubbed.clip(0, 1)
    return cover
