"""Old prints whose damage was traced by eye: lines, specks and outlines on enlarged crops.

The tracings name files of `old-scratched`. Whoever traced saw no detector's answer. A line lies
within about a pixel of its mark, so what is found is given as much grace. What may be damage or
the picture's own is traced as unsure, and counts neither way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

FOLDER = Path(__file__).with_name("traced")

Mask = NDArray[np.bool_]

_FINE = 4  #: parts of a pixel that tracings are drawn in, along each side


@dataclass(frozen=True)
class Mark:
    """One scratch, speck, crack, flake or worn edge."""

    kind: str
    mask: Mask  #: (H, W), of the pixels that it covers by half; of the one in its middle at least


@dataclass(frozen=True)
class Traced:
    """A print's damage."""

    photo: str  #: the file, below the folder of photographs for evaluation
    marks: Sequence[Mark]
    unsure: Mask  #: (H, W)

    @property
    def damaged(self) -> Mask:
        """All marks together: (H, W)."""
        return np.logical_or.reduce([mark.mask for mark in self.marks])


def tracings() -> list[Traced]:
    """Return every print that was traced."""
    return [_read(path) for path in sorted(FOLDER.glob("*.json"))]


def _read(path: Path) -> Traced:
    table = json.loads(path.read_text(encoding="utf-8"))
    size = table["height"], table["width"]
    marks = [Mark(one["kind"], _drawn(one, size)) for one in table["marks"]]
    unsure = [_drawn(one, size) for one in table["unsure"]]
    return Traced(table["photo"], marks, np.logical_or.reduce([np.zeros(size, bool), *unsure]))


def _drawn(mark: dict[str, Any], size: tuple[int, int]) -> Mask:
    height, width = size
    sheet = Image.new("L", (width * _FINE, height * _FINE))
    pen = ImageDraw.Draw(sheet)
    points = [(x * _FINE, y * _FINE) for x, y in mark["points"]]
    thick = max(1, round(mark["width"] * _FINE))
    if mark.get("closed"):
        pen.polygon(points, fill=255)
    elif len(points) > 1:
        pen.line(points, fill=255, width=thick, joint="curve")
    else:
        (x, y), half = points[0], thick / 2
        pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
    drawn = np.asarray(sheet.reduce(_FINE)) > 127
    if not drawn.any():  # finer than a pixel
        x, y = np.mean(mark["points"], axis=0)
        drawn[min(int(y), height - 1), min(int(x), width - 1)] = True
    return drawn
