"""Measure the colorizer on a folder of colour photographs, beside colorizers that know nothing.

    python scripts/evaluate_colorizer.py --data ../shared/data/eval/holdout-color
    python scripts/evaluate_colorizer.py --data ../shared/data/eval/old-bw --no-truth --sheet out/
    python scripts/evaluate_colorizer.py --fit-statistics ../shared/data/train

Each photograph is made grey (its own L*, in 8 bits), colorized, and compared with itself, at its
own size. The last form averages the chroma of training photographs (the first shard of each
folder), which two of the baselines paint with, into --statistics.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from PIL import Image

from evaluation import measure, report
from evaluation.baselines import ChromaStatistics, partners
from evaluation.metrics import Picture, grey_of
from evaluation.product import Colorizer
from evaluation.sheet import Row, write_sheets
from training.shards import read_shard

ROOT = Path(__file__).resolve().parent.parent
STATISTICS = ROOT / "configs/chroma_statistics.json"
SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
COLUMNS = ("grey", "default", "mean", "true sample", "confidence")


@click.command(help=__doc__)
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--weights",
    help="Default: those that ship.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--photos", type=click.IntRange(2), help="Only so many, evenly over the folder.")
@click.option("--samples", type=click.IntRange(2), default=8, show_default=True)
@click.option("--steps", type=click.IntRange(1), help="Of the solver. Default: the product's.")
@click.option("--seed", default=0, show_default=True)
@click.option("--no-truth", is_flag=True, help="The photos have no colour: only make sheets.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Every figure.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Folder for contact sheets.")
@click.option("--statistics", default=STATISTICS, type=click.Path(path_type=Path))
@click.option(
    "--fit-statistics",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
def main(
    data: Path | None,
    weights: Path | None,
    photos: int | None,
    samples: int,
    steps: int | None,
    seed: int,
    no_truth: bool,
    json_file: Path | None,
    sheet: Path | None,
    statistics: Path,
    fit_statistics: tuple[Path, ...],
) -> None:
    """Fit the baselines, or measure and draw."""
    if fit_statistics:
        fit(fit_statistics).write(statistics)
        return
    if data is None or (no_truth and sheet is None):
        raise click.UsageError("give --data, and with --no-truth also --sheet")
    paths = chosen(data, photos)
    if len(paths) < (1 if no_truth else 2):  # one baseline borrows another photo's chroma
        raise click.UsageError(f"too few photos in {data}")
    colorizer = Colorizer(weights, steps)
    average = ChromaStatistics.read(statistics)
    results, rows = [], []
    pairs = zip(paths, partners(len(paths)), strict=True)
    with click.progressbar(pairs, len(paths), file=sys.stderr) as bar:
        for path, partner in bar:
            truth = opened(path)
            grey = grey_of(truth)
            outputs = measure.colorize(colorizer, grey, samples, seed)
            pictures = [grey, outputs.default[0], outputs.mean, outputs.samples[0]]
            pictures.append(outputs.confidence.render())
            if not no_truth:
                other = opened(paths[partner])
                results.append(measure.compare(path.name, truth, grey, outputs, average, other))
                pictures.append(truth)
            if sheet is not None:
                rows.append(Row(path.name, pictures))
    if sheet is not None:
        write_sheets(rows, COLUMNS if no_truth else (*COLUMNS, "truth"), sheet)
    if results:
        show(results, samples, json_file)


def chosen(folder: Path, count: int | None) -> list[Path]:
    """Return the folder's photos, or `count` of them evenly spread over their names."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if count is None or count >= len(paths):
        return paths
    return [paths[index] for index in np.linspace(0, len(paths) - 1, count).round().astype(int)]


def opened(path: Path) -> Picture:
    """Read a photo as 8-bit sRGB."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def fit(folders: Sequence[Path]) -> ChromaStatistics:
    """Average the chroma of the first shard of each folder; shards are in random order."""
    shards = []
    for folder in folders:
        if not (found := sorted(folder.glob("*.tar"))):
            raise click.UsageError(f"no shards in {folder}")
        shards.append(found[0])
    names = tuple(f"{shard.parent.name}/{shard.name}" for shard in shards)
    return ChromaStatistics.of((photo for shard in shards for photo in read_shard(shard)), names)


def show(results: Sequence[measure.PhotoResult], samples: int, json_file: Path | None) -> None:
    """Print the tables, and write every photo's figures if a file is given."""
    calibration = report.Calibration.of(results)
    bars = report.bars(results, calibration, samples)
    click.echo(f"{len(results)} photos, {samples} samples each.\n")
    click.echo(report.accuracy_table(results) + "\n")
    click.echo(report.bars_table(bars) + "\n")
    click.echo(report.diversity_line(results, calibration))
    if json_file is not None:
        table = {
            "calibration": vars(calibration),
            "bars": [vars(bar) for bar in bars],
            "photos": [result.summary() for result in results],
        }
        json_file.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
