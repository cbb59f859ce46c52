"""Measure what `restore inpaint --mask auto` finds: drawn damage, none, and that of old prints.

    python scripts/evaluate_damage.py --data ../shared/data/eval
    python scripts/evaluate_damage.py --data ../shared/data/eval --only traced --threshold 64

--data holds the folders `kodak24` and `cbsd68` of clean photographs, and `old-scratched` of prints
whose damage was traced by eye (`evaluation/finding/traced`); what is absent is skipped.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from evaluation.finding.product import Product
from evaluation.finding.tables import TABLES
from evaluation.telling import only_option, told, weights_option
from restore import defaults
from restore.errors import RestoreError


@click.command(help=__doc__)
@click.option(
    "--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@weights_option
@only_option(TABLES)
@click.option(
    "--threshold", type=click.IntRange(1, 255), default=defaults.LIKELY, show_default=True
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Every figure."
)
def main(
    data: Path, weights: Path | None, only: list[str], threshold: int, json_file: Path | None
) -> None:
    """Measure and print."""
    try:
        product = Product.of(weights, threshold)
    except RestoreError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from error
    numbers = {}
    for name in only:
        click.echo(f"measuring: {name}", err=True)
        started = time.monotonic()
        numbers[name] = told(TABLES[name](data, product), started)
    if json_file is not None:
        json_file.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
