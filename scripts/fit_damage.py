"""Fit the weights that tell scratches and dust from texture, and measure the detector.

    python scripts/fit_damage.py ../shared/data/train-hires

Photographs are taken clean, and once more with scratches and dust drawn on them, most of those made
grey and grainy as old prints are. Of the archives, the first three are fitted on and the last two
measured on. Prints the tables for `restore/masks/judge.py`, and what each judge reaches by the
probability that is asked for: the share of clean pixels that it takes for damage, and of damaged
pixels that it finds.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.finding.drawn import Case, damaged
from restore.masks import find_lonely, grown
from restore.masks.damage import EDGE
from restore.masks.detect import KINDS, Kind, things_in
from restore.masks.judge import Judge, terms

LARGEST = 400  #: pixels: larger things count no more than that in the fit
RIDGE = 1.0
PROBABILITIES = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def photographs(archive: Path) -> Iterator[Pixels]:
    """Yield the photographs of an archive."""
    with tarfile.open(archive) as members:
        for member in members:
            stream = members.extractfile(member)
            if stream is not None:
                with Image.open(io.BytesIO(stream.read())) as picture:
                    yield np.asarray(picture.convert("RGB"))


def cases(archives: list[Path], every: int) -> Iterator[tuple[Case, Case]]:
    """Yield photographs clean, and damaged."""
    number = 0
    for archive in archives:
        for pixels in photographs(archive):
            number += 1
            if number % every == 0:
                none = np.zeros(pixels.shape[:2], bool)
                yield Case(pixels, pixels, none), damaged(pixels, number)


def grey_of(case: Case) -> Pixels:
    """Return a photo as the detector sees it."""
    return (case.pixels.astype(np.uint16).sum(2) // 3).astype(np.uint8)


def collected(kind: Kind, archives: list[Path], every: int) -> tuple[Floats, Floats, Floats]:
    """Return the measures of all things in photographs, whether each is damage, and its weight."""
    measures, truths, weights = [], [], []
    for pair in cases(archives, every):
        for case in pair:
            grey = grey_of(case)
            for things in things_in(grey, kind):
                some = things.groups
                length = some.stop - some.start
                places = np.repeat(some.row * grey.shape[1] + some.start, length)
                places += np.arange(len(places)) - np.repeat(np.cumsum(length) - length, length)
                inside = case.truth.reshape(-1)[places].astype(np.float64)
                share = np.bincount(np.repeat(some.group, length), inside, some.count) / things.area
                meant = kind.meant(things)
                measures.append(things.measures[meant])
                truths.append((share > 0.5).astype(np.float64)[meant])
                weights.append(np.sqrt(np.minimum(things.area, LARGEST))[meant])
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


def judge_of(kind: Kind, measures: Floats, truth: Floats, weight: Floats) -> Judge:
    """Return a judge as it can be written down."""
    mean, deviation = measures.mean(0), measures.std(0)
    weights = fitted(terms(measures, mean, deviation), truth, weight)
    count = measures.shape[1]
    rows = np.stack([mean, deviation, weights[:count], weights[count:-1]], axis=1)
    return Judge(kind.judge.least, round(float(weights[-1]), 3), rows.round(3))


def show_all(archives: list[Path], every: int) -> None:
    """Measure the detector as it is used."""
    clean = false = truth = found = told = right = photos = clear = 0
    for untouched, case in cases(archives, every):
        mask = find_lonely(untouched.pixels).mask
        photos, clear = photos + 1, clear + (not mask.any())
        clean, false = clean + mask.size, false + int(mask.sum())
        mask = find_lonely(case.pixels).mask
        around = grown(case.truth.view(np.uint8), 2 * EDGE).view(bool)
        truth, found = truth + int(case.truth.sum()), found + int((mask & case.truth).sum())
        told, right = told + int(mask.sum()), right + int((mask & around).sum())
    click.echo(f"of clean pixels {false / clean:.4%} are taken for damage, {clear} of {photos}")
    click.echo(f"photographs stay untouched; of damaged pixels {found / truth:.1%} are found;")
    click.echo(f"of what is found in damaged photographs, {right / max(1, told):.1%} is right")


def show(kind: Kind, archives: list[Path], every: int) -> None:
    """Measure a judge, as its masks are, by the probability that is asked for."""
    false, found, wrong, sure, area = np.zeros((5, len(PROBABILITIES)))
    clean = truth = 0
    for pair in cases(archives, every):
        for case in pair:
            grey, drawn = grey_of(case), bool(case.truth.any())
            both = things_in(grey, kind)
            likely = [kind.likely(things) for things in both]
            around = grown(case.truth.view(np.uint8), 2 * EDGE).view(bool)
            for index, least in enumerate(PROBABILITIES):
                mask = np.zeros(grey.shape, bool)
                for things, p in zip(both, likely, strict=True):
                    chosen = p >= least
                    mask |= things.groups.drawn(grey.shape, chosen)
                    sure[index] += drawn * (things.area * p)[chosen].sum()
                    area[index] += drawn * things.area[chosen].sum()
                mask = grown(mask.view(np.uint8), EDGE).view(bool)
                found[index] += (mask & case.truth).sum()
                wrong[index] += drawn * (mask & ~around).sum()
                false[index] += (not drawn) * mask.sum()
            clean += (not drawn) * grey.size
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
@click.option("--measure", is_flag=True, help="Only measure the detector that is in use.")
def main(folder: Path, every: int, measure: bool) -> None:
    """Fit on the first archives of a folder, measure on the last."""
    archives = sorted(folder.glob("*.tar"))
    if measure:
        show_all(archives[-2:], every)
        return
    for kind in KINDS:
        judge = judge_of(kind, *collected(kind, archives[:-2], every))
        click.echo("scratches" if kind.lines else "dust")
        for row in judge.table:
            click.echo(f"({', '.join(f'{one:g}' for one in row)}),")
        click.echo(f"constant {judge.constant}")
        show(replace(kind, judge=judge), archives[-2:], every)


if __name__ == "__main__":
    main()
