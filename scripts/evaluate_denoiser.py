"""Measure the denoiser as its user gets it, beside classical filters, on photographs.

    python scripts/evaluate_denoiser.py --data ../shared/data/eval
    python scripts/evaluate_denoiser.py --data ../shared/data/eval --only gaussian,real
    python scripts/evaluate_denoiser.py --clean my/photos --pairs my/pairs --sheet sheet.png

--data holds the evaluation sets under their usual names: kodak24, cbsd68, real-noise-polyu. Noise
is added to clean photos (--clean), by protocols with fixed seeds; pairs (--pairs) are files
NAME_real.* and NAME_mean.*, noisy and clean. Everything passes through the product's pipeline:
8-bit pixels in, 8-bit pixels out. The classical filters are OpenCV's (pip install
opencv-python-headless); without it, their rows are absent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from evaluation.denoising import (
    clean,
    detector,
    gaussian,
    grain,
    keep,
    level,
    photographs,
    real,
    sensor,
)
from evaluation.denoising.photographs import Sets
from evaluation.denoising.product import loaded
from evaluation.denoising.sheet import write
from evaluation.denoising.tables import Table
from evaluation.telling import only_option, told, weights_option
from restore.backend import Backend
from restore.errors import RestoreError

TABLES: dict[str, Callable[[Sets, Backend], Table]] = {
    "gaussian": lambda sets, backend: gaussian.measure(sets.gaussian, backend),
    "sensor": lambda sets, backend: sensor.measure(sets.photos, backend),
    "real": lambda sets, backend: real.measure(sets.pairs, backend),
    "clean": lambda sets, backend: clean.measure(sets.clean, backend),
    "level": lambda sets, backend: level.measure(sets.photos, backend),
    "detector": lambda sets, backend: detector.measure(sets.photos, backend),
    "keep": lambda sets, backend: keep.measure(sets.photos, backend),
    "grain": lambda sets, backend: grain.measure(sets.photos, backend),
}

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(help=__doc__)
@click.option("--data", type=FOLDER, help="Folder of the evaluation sets.")
@click.option("--clean", "clean_folder", type=FOLDER, help="Or a folder of clean photos.")
@click.option("--pairs", "pairs_folder", type=FOLDER, help="And/or one of noisy and clean pairs.")
@weights_option
@only_option(TABLES, none="but the sheet")
@click.option("--limit", type=click.IntRange(1), help="Photos of each set, evenly over it.")
@click.option("--sheet", type=FILE, help="Picture of crops, side by side.")
@click.option("--json", "json_file", type=FILE, help="Every figure.")
def main(
    data: Path | None,
    clean_folder: Path | None,
    pairs_folder: Path | None,
    weights: Path | None,
    only: list[str],
    limit: int | None,
    sheet: Path | None,
    json_file: Path | None,
) -> None:
    """Measure, print and draw."""
    own = clean_folder is not None or pairs_folder is not None
    if own == (data is not None):
        raise click.UsageError("give --data, or --clean and --pairs, of which one is enough")
    try:
        backend = loaded(weights)
    except RestoreError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from error
    sets = photographs.standard(data) if data else photographs.own(clean_folder, pairs_folder)
    few = sets.limited(limit)
    numbers = {}
    for name in only:
        click.echo(f"measuring: {name}", err=True)
        started = time.monotonic()
        table = TABLES[name](few, backend)
        numbers[name] = told(table, started)
    if json_file is not None:
        json_file.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    if sheet is not None:
        write(sets, backend, limit, sheet)


if __name__ == "__main__":
    main()
