"""Measure what `restore inpaint --mask auto` costs before anything is filled.

    python scripts/bench_damage.py            # about two minutes
    python scripts/bench_damage.py --quick    # smaller photos: to see that it runs

Needs no data and no network: photographs are drawn. Work is counted in GFLOP: processor seconds
times the rate at which one core multiplies float32 matrices in the same process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benching.processes import python
from benching.rows import HEAD, MEGABYTE, Row, show
from restore import registry, weights
from restore.errors import RestoreError


@dataclass(frozen=True)
class Bench:
    """The weights to measure, and the photos' sizes in megapixels."""

    weights: Path
    small: float = 1  #: too small to be looked at reduced
    large: float = 12
    seams: float = 2

    def ask(self, megapixels: float, way: str) -> dict[str, Any]:
        """Look for damage in a process of its own; return what it found."""
        words = (str(self.weights), str(megapixels), way)
        found: dict[str, Any] = json.loads(
            python("-m", "benching.finding", *words).splitlines()[-1]
        )
        return found


def work(bench: Bench) -> Iterator[Row]:
    """One core, at the photo's own size alone and reduced too."""
    for megapixels in (bench.small, bench.large):
        found = bench.ask(megapixels, "time")
        seconds = 1e6 * found["seconds"] / found["pixels"]
        note = f"{seconds:.2f} s at {found['sgemm']:.0f} GFLOP/s"
        what = f"1 MP looked at (measured on {megapixels:g} MP)"
        yield Row(what, seconds * found["sgemm"], None, " GFLOP", note)


def memory(bench: Bench) -> Iterator[Row]:
    """Of a large photo, the photo itself included."""
    none, peak = (bench.ask(bench.large, way)["peak"] for way in ("none", "memory"))
    told = f"{none / MEGABYTE:.0f} MB of it before anything is looked for"
    yield Row(f"{bench.large:g} MP, peak memory", peak / MEGABYTE, None, " MB", told)


def seams(bench: Bench) -> Iterator[Row]:
    """How much of a mask the smallest sensible tiles change."""
    found = bench.ask(bench.seams, "seams")
    told = f"{found['differ']} of {found['marked']} pixels"
    share = found["differ"] / max(1, found["marked"])
    what = f"{bench.seams:g} MP, tiles of 320 against the whole, of the mask differ"
    yield Row(what, 100 * share, None, "%", told)


PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "work": work,
    "memory": memory,
    "seams": seams,
}


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Smaller photos.")
@click.option("--only", type=click.Choice(list(PARTS)))
@click.option(
    "--weights",
    "file",
    help="Default: those that ship.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def main(quick: bool, only: str | None, file: Path | None) -> None:
    """Print the rows as they are measured."""
    try:
        path = (file or weights.verified(registry.FINDER.models[0]).path).resolve()
    except RestoreError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from error
    bench = Bench(path, small=0.25, large=2, seams=0.5) if quick else Bench(path)
    click.echo(HEAD)
    show(PARTS, only, bench)


if __name__ == "__main__":
    main()
