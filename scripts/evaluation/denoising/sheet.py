"""Crops at their own size, side by side: input, result, what was removed, truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from restore.backend import Backend
from restore.job import Denoising

from ..metrics import Picture
from . import protocols
from .photographs import Sets, opened
from .product import denoised, side_by_side
from .protocols import SENSOR_LEVELS

SIDE = 256  #: of a crop, pixels
MARGIN, TITLE = 6, 14
COLUMNS = ("input", "ours", "removed, amplified", "truth")
USUAL = 4  #: photos of each kind
SIGMAS = (25, 50)
WANTED = Denoising(removed=True)


@dataclass(frozen=True)
class Case:
    """A picture to look at."""

    name: str
    noisy: Picture
    clean: Picture | None


@dataclass(frozen=True)
class Row:
    """What is shown of it: as many crops as there are columns, or one less."""

    name: str
    crops: Sequence[Picture]


def cases(sets: Sets, count: int | None) -> list[Case]:
    """Return some photos of each kind: Gaussian, sensor, real and worn."""
    few = sets.limited(count or USUAL)
    found = []
    for photo in few.photos:
        clean = protocols.even(photo.pixels())
        for sigma in SIGMAS:
            noisy = protocols.with_gaussian(clean, sigma, photo.seed)
            found.append(Case(f"{photo.name}, Gaussian {sigma}", noisy, clean))
        for level in SENSOR_LEVELS[1:]:
            noisy = protocols.with_sensor(clean, level, photo.seed)
            found.append(Case(f"{photo.name}, sensor {level.name}", noisy, clean))
    for pair in few.pairs:
        found.append(Case(pair.name, opened(pair.noisy), opened(pair.clean)))
    for path in few.worn:
        found.append(Case(path.stem, opened(path), None))
    return found


def farthest(error: NDArray[np.float64]) -> tuple[int, int]:
    """Return the top left of the window of `SIDE` where a plane (H, W) sums to most."""
    height, width = error.shape
    tall, wide = min(SIDE, height), min(SIDE, width)
    total = np.pad(error.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    top, left = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(top), int(left)


def row(backend: Backend, case: Case) -> Row:
    """Denoise a picture, and cut where the result is worst; or changed most, without a truth."""
    cleaned = denoised(backend, case.noisy, WANTED)
    assert cleaned.removed is not None  # it was asked for
    reference = case.noisy if case.clean is None else case.clean
    error = ((cleaned.pixels.astype(np.float64) - reference) ** 2).sum(2)
    top, left = farthest(error)
    pictures = [case.noisy, cleaned.pixels, cleaned.removed]
    if case.clean is not None:
        pictures.append(case.clean)
    crops = [picture[top : top + SIDE, left : left + SIDE] for picture in pictures]
    return Row(f"{case.name}, at {left},{top}: {cleaned.noise.sentence}", crops)


def drawn(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> Image.Image:
    """Lay rows out under titles."""
    across, down = SIDE + MARGIN, SIDE + MARGIN + TITLE
    size = (MARGIN + across * len(columns), TITLE + down * len(rows))
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for column, title in enumerate(columns):
        draw.text((MARGIN + across * column, 1), title, fill="black")
    for index, one in enumerate(rows):
        top = TITLE + down * index
        draw.text((MARGIN, top), one.name, fill="grey")
        for column, crop in enumerate(one.crops):
            image.paste(Image.fromarray(crop), (MARGIN + across * column, top + TITLE))
    return image


def write(sets: Sets, backend: Backend, count: int | None, file: Path) -> None:
    """Write one sheet of `count` photos of each kind."""
    rows = side_by_side(lambda case: row(backend, case), cases(sets, count))
    drawn(rows).save(file)
