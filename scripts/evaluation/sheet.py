"""Contact sheets: the same photographs side by side, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

HEIGHT = 200  #: of a picture on the sheet, pixels
WIDEST = 400  #: a panorama is made lower than `HEIGHT` to fit
ROWS = 8
MARGIN = 6
TITLE = 16


@dataclass(frozen=True)
class Row:
    """One photograph: its name and its pictures, (H, W), (H, W, 1) or (H, W, 3)."""

    name: str
    pictures: Sequence[NDArray[np.uint8]]


def thumbnail(picture: NDArray[np.uint8]) -> Image.Image:
    """Scale a picture to the sheet's height."""
    image = Image.fromarray(picture.squeeze()).convert("RGB")
    scale = min(HEIGHT / image.height, WIDEST / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def sheet(rows: Sequence[Row], titles: Sequence[str]) -> Image.Image:
    """Lay rows out under titles, one column for each."""
    cells = [[thumbnail(picture) for picture in row.pictures] for row in rows]
    width = max(cell.width for row in cells for cell in row) + MARGIN
    height = HEIGHT + TITLE + MARGIN
    image = Image.new("RGB", (MARGIN + width * len(titles), TITLE + height * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for column, title in enumerate(titles):
        draw.text((MARGIN + width * column, 2), title, fill="black")
    for index, (row, pictures) in enumerate(zip(rows, cells, strict=True)):
        top = TITLE + height * index
        draw.text((MARGIN, top), row.name, fill="grey")
        for column, picture in enumerate(pictures):
            image.paste(picture, (MARGIN + width * column, top + TITLE))
    return image


def write_sheets(rows: Sequence[Row], titles: Sequence[str], folder: Path) -> list[Path]:
    """Write as many sheets as the rows need; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for first in range(0, len(rows), ROWS):
        path = folder / f"sheet-{first // ROWS + 1:02}.png"
        sheet(rows[first : first + ROWS], titles).save(path)
        paths.append(path)
    return paths
