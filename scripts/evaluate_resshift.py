"""Measure the restorer as its user gets it, beside classical ways, on photographs.

    python scripts/evaluate_resshift.py --data ../shared/data/eval/kodak24
    python scripts/evaluate_resshift.py --data my/photos --photos 4 --only restore,fill
    python scripts/evaluate_resshift.py --data my/photos --weights new.safetensors --sheet a.png

--data holds clean photos. Each is degraded, loses parts, and is made small, by protocols whose
seeds are its place in the folder; then it is restored, filled and enlarged by the product's
pipeline, 8-bit pixels in, 8-bit pixels out. The mean of several samples is what the bars are about.
The classical ways are OpenCV's (pip install opencv-python-headless; without it, its rows are
absent) and Pillow's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from evaluation.denoising import photographs
from evaluation.denoising.photographs import Photograph
from evaluation.denoising.product import loaded
from evaluation.restoring import blind, enlarging, filling, looking
from evaluation.restoring.looking import Found, View
from evaluation.restoring.product import Restorer
from evaluation.telling import only_option, told, weights_option
from restore.errors import RestoreError

TABLES: dict[str, Callable[[Sequence[Photograph], Restorer], Found]] = {
    "restore": lambda photos, restorer: blind.measure(photos, restorer, loaded(None)),
    "fill": filling.measure,
    "enlarge": enlarging.measure,
}


@click.command(help=__doc__)
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of clean photos.",
)
@weights_option
@only_option(TABLES)
@click.option("--samples", type=click.IntRange(1), default=8, show_default=True)
@click.option("--photos", type=click.IntRange(1), help="How many, evenly over the folder.")
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Picture of crops, side by side.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Every figure.",
)
def main(
    data: Path,
    weights: Path | None,
    only: list[str],
    samples: int,
    photos: int | None,
    sheet: Path | None,
    json_file: Path | None,
) -> None:
    """Measure, print and draw."""
    try:
        restorer = Restorer.of(weights, samples)
    except RestoreError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from error
    few = photographs.evenly(photographs.photographs(data), photos)
    numbers, views = {}, list[View]()
    for name in only:
        click.echo(f"measuring: {name}", err=True)
        started = time.monotonic()
        found = TABLES[name](few, restorer)
        numbers[name] = told(found.table, started)
        if sheet is not None:
            views += found.views()
    if json_file is not None:
        json_file.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    if sheet is not None:
        looking.sheet(views).save(sheet)


if __name__ == "__main__":
    main()
