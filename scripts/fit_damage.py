"""Fit the weights that tell scratches and dust from texture, and measure the detector.

    python scripts/fit_damage.py ../shared/data/train-hires

Photographs are taken clean, and once more with scratches and dust drawn on them, most of those made
grey and grainy as old prints are. Of the archives, the first three are fitted on and the last two
measured on. Prints the table for `restore/masks/judge.py`, and what the judge reaches by the
probability that is asked for: the share of clean pixels that it takes for damage, and of damaged
pixels that it finds.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from restore.masks import grown, judge
from restore.masks.detect import EDGE, things_in

FINE = 4  #: parts of a pixel that damage is drawn in, along each side
COVERED = 0.2  #: share of a pixel that damage must cover to be meant by the truth
LARGEST = 400  #: pixels: larger things count no more than that in the fit
RIDGE = 1.0
PROBABILITIES = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """A photo, (H, W, 3), and where it is damaged, (H, W)."""

    pixels: Pixels
    truth: Mask


def photographs(archive: Path) -> Iterator[Pixels]:
    """Yield the photographs of an archive."""
    with tarfile.open(archive) as members:
        for member in members:
            stream = members.extractfile(member)
            if stream is not None:
                with Image.open(io.BytesIO(stream.read())) as picture:
                    yield np.asarray(picture.convert("RGB"))


def cover(height: int, width: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Draw scratches and dust: how much of each pixel they cover, (H, W)."""
    sheet = Image.new("L", (width * FINE, height * FINE), 0)
    pen = ImageDraw.Draw(sheet)
    for _ in range(random.integers(2, 7)):
        steep = random.random() < 0.6  # as film is scratched that runs through a camera
        angle = random.normal(np.pi / 2, 0.25) if steep else random.uniform(0, np.pi)
        steps = int(random.uniform(5, 0.9 * max(height, width) / 8)) + 2
        angles = angle + np.cumsum(random.normal(0, 0.04, steps))
        start = random.uniform(0, (width, height))
        path = start + 8 * np.cumsum(np.stack([np.cos(angles), np.sin(angles)], 1), axis=0)
        thick = max(1, int(random.uniform(1, 5) * FINE))
        pen.line([(x, y) for x, y in path * FINE], fill=255, width=thick)
    for _ in range(random.integers(5, 40)):
        radius = np.exp(random.uniform(np.log(1), np.log(5)))
        corners = random.integers(5, 9)
        turn = np.sort(random.uniform(0, 2 * np.pi, corners))
        reach = radius * random.uniform(0.6, 1.2, corners)
        x, y = random.uniform(0, (width, height))
        outline = np.stack([x + reach * np.cos(turn), y + reach * np.sin(turn)], 1) * FINE
        pen.polygon([(x, y) for x, y in outline], fill=255)
    covered = np.asarray(sheet.resize((width, height), Image.Resampling.BOX), np.float32)
    return covered / np.float32(255)


def damaged(pixels: Pixels, seed: int) -> Case:
    """Return a photo as an old print of it might be."""
    random = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    picture = pixels.astype(np.float32)
    if random.random() < 0.7:
        picture = picture.mean(2, keepdims=True).repeat(3, 2)
    picture += random.normal(0, random.uniform(0, 6), (height, width, 1))
    truth = np.zeros((height, width), bool)
    paints = (255, 0) if random.random() < 0.25 else (random.choice([255, 0]),)
    for kind in paints:
        covered = cover(height, width, random) * random.uniform(0.5, 1)
        paint = abs(kind - random.uniform(0, 40))
        picture += covered[..., None] * (paint - picture)
        truth |= covered > COVERED
    return Case(picture.round().clip(0, 255).astype(np.uint8), truth)


def cases(archives: list[Path], every: int) -> Iterator[tuple[Case, Case]]:
    """Yield photographs clean, and damaged."""
    number = 0
    for archive in archives:
        for pixels in photographs(archive):
            number += 1
            if number % every == 0:
                yield Case(pixels, np.zeros(pixels.shape[:2], bool)), damaged(pixels, number)


def grey_of(case: Case) -> Pixels:
    """Return a photo as the detector sees it."""
    return (case.pixels.astype(np.uint16).sum(2) // 3).astype(np.uint8)


def collected(archives: list[Path], every: int) -> tuple[Floats, Floats, Floats]:
    """Return the measures of all things in photographs, whether each is damage, and its weight."""
    measures, truths, weights = [], [], []
    for pair in cases(archives, every):
        for case in pair:
            grey = grey_of(case)
            for inverted in (False, True):
                things = things_in(grey, inverted=inverted)
                some, area = things.groups, np.exp(things.measures[:, 0])
                length = some.stop - some.start
                places = np.repeat(some.row * grey.shape[1] + some.start, length)
                places += np.arange(len(places)) - np.repeat(np.cumsum(length) - length, length)
                inside = case.truth.reshape(-1)[places].astype(np.float64)
                share = np.bincount(np.repeat(some.group, length), inside, some.count) / area
                measures.append(things.measures)
                truths.append((share > 0.5).astype(np.float64))
                weights.append(np.sqrt(np.minimum(area, LARGEST)))
    return np.concatenate(measures), np.concatenate(truths), np.concatenate(weights)


def fitted(terms: Floats, truth: Floats, weight: Floats) -> Floats:
    """Return the weights of a logistic regression with a ridge, the constant last (by Newton)."""
    terms = np.concatenate([terms, np.ones((len(terms), 1))], axis=1)
    weights = np.zeros(terms.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-terms @ weights))
        slope = terms.T @ (weight * (truth - likely)) - RIDGE * weights
        curve = (terms * (weight * likely * (1 - likely))[:, None]).T @ terms
        weights += np.linalg.solve(curve + RIDGE * np.eye(len(weights)), slope)
    return weights


def table(measures: Floats, truth: Floats, weight: Floats) -> tuple[Floats, float]:
    """Return the judge's table and constant, as it prints them."""
    mean, deviation = measures.mean(0), measures.std(0)
    weights = fitted(judge.terms(measures, mean, deviation), truth, weight)
    count = measures.shape[1]
    rows = np.stack([mean, deviation, weights[:count], weights[count:-1]], axis=1)
    return rows.round(3), round(float(weights[-1]), 3)


def show(archives: list[Path], every: int) -> None:
    """Measure the judge, as its masks are, by the probability that is asked for."""
    false, found, wrong, sure, area = np.zeros((5, len(PROBABILITIES)))
    clean = truth = 0
    for pair in cases(archives, every):
        for case in pair:
            grey = grey_of(case)
            both = [things_in(grey, inverted=inverted) for inverted in (False, True)]
            likely = [judge.probability(things.measures) for things in both]
            around = grown(case.truth.view(np.uint8), 2 * EDGE).view(bool)
            for index, least in enumerate(PROBABILITIES):
                mask = np.zeros(grey.shape, bool)
                for things, p in zip(both, likely, strict=True):
                    mask |= things.groups.drawn(grey.shape, p >= least)
                    if case.truth.any():
                        sizes = np.exp(things.measures[:, 0])[p >= least]
                        sure[index] += sizes @ p[p >= least]
                        area[index] += sizes.sum()
                mask = grown(mask.view(np.uint8), EDGE).view(bool)
                if case.truth.any():
                    found[index] += (mask & case.truth).sum()
                    wrong[index] += (mask & ~around).sum()
                else:
                    false[index] += mask.sum()
            clean += 0 if case.truth.any() else grey.size
            truth += int(case.truth.sum())
    click.echo("probability  false on clean  found  right of what was found, and how sure")
    right = found / np.maximum(1, found + wrong)
    for least, *row in zip(
        *(PROBABILITIES, false / clean, found / truth, right, sure / np.maximum(1, area)),
        strict=True,
    ):
        click.echo(f"{least:11.2f}" + "".join(f"  {share:8.3%}" for share in row))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--every", default=1, help="Take every so manieth photograph.")
@click.option("--measure", is_flag=True, help="Only measure the judge that is in use.")
def main(folder: Path, every: int, measure: bool) -> None:
    """Fit on the first archives of a folder, measure on the last."""
    archives = sorted(folder.glob("*.tar"))
    if not measure:
        rows, constant = table(*collected(archives[:-2], every))
        click.echo("\n".join(f"    ({', '.join(f'{one:g}' for one in row)})," for row in rows))
        click.echo(f"constant {constant}")
        judge._TABLE[:], judge._CONSTANT = rows, constant
    show(archives[-2:], every)


if __name__ == "__main__":
    main()
