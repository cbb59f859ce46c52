"""Measure what the restorer costs, as ratios that hold on any machine.

    python scripts/bench_resshift.py            # about ten minutes
    python scripts/bench_resshift.py --quick    # smaller photos: to see that it runs
    python scripts/bench_resshift.py --weights new.safetensors --only rates

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
from restore.backend import Task
from restore.errors import RestoreError

WORK = 5000  #: GFLOP a megapixel, at most
TILES = (256, 512)  #: pixels of the result
GROWTH = 1.5  #: of a scratch's cost, at most, from the small photo to the one 12 times as large


@dataclass(frozen=True)
class Sizes:
    """Of the photos, in megapixels."""

    rates: float = 1
    memory: float = 4
    seams: float = 1.5
    small: float = 1
    large: float = 12


QUICK = Sizes(rates=0.25, memory=1, seams=0.5, small=0.5, large=6)


@dataclass(frozen=True)
class Bench:
    """The weights to measure, and how patient to be."""

    repeats: int
    sizes: Sizes
    weights: Path

    def ask(self, module: str, *words: object) -> dict[str, Any]:
        """Run a part of the benchmark in a process of its own; return what it found."""
        lines = python("-m", f"benching.{module}", str(self.weights), *map(str, words))
        found: dict[str, Any] = json.loads(lines.splitlines()[-1])
        return found


def rates(bench: Bench) -> Iterator[Row]:
    """One core: the network alone, and through the tiler."""
    megapixels = bench.sizes.rates
    found = bench.ask("restoring_rates", bench.repeats, megapixels)
    million, sgemm = 1e6 / found["pixels"], found["sgemm"]

    def row(what: str, seconds: float, note: str) -> Row:
        one = f"{million * seconds:.2f} s at {sgemm:.0f} GFLOP/s"
        name = f"1 MP, 4 steps, {what} (measured on {megapixels:g} MP)"
        return Row(name, million * seconds * sgemm, WORK, " GFLOP", f"{one}{note}")

    yield row("in one piece, network only", found["one_piece"], "")
    ratio = found["tiles"] / found["one_piece"]
    yield row(
        f"in tiles of {found['tile']}, overlap {found['overlap']}",
        found["tiles"],
        f"; {ratio:.2f} times one piece; the noise alone {million * found['noise']:.2f} s/MP",
    )


def memory(bench: Bench) -> Iterator[Row]:
    """In tiles beside in one piece."""
    megapixels = bench.sizes.memory
    ways = ("none", "tiles", "whole")
    none, tiles, whole = (bench.ask("restoring_memory", megapixels, way)["peak"] for way in ways)
    told = f"{none / MEGABYTE:.0f} MB of it before anything is restored"
    yield Row(f"{megapixels:g} MP in tiles, peak memory", tiles / MEGABYTE, None, " MB", told)
    yield Row(
        f"{megapixels:g} MP, in tiles / in one piece, peak memory",
        tiles / whole,
        None,
        note=f"{tiles / MEGABYTE:.0f} against {whole / MEGABYTE:.0f} MB",
    )


def seams(bench: Bench) -> Iterator[Row]:
    """Tiles against the whole photo."""
    megapixels = bench.sizes.seams
    for tile, by_way in bench.ask("restoring_seams", megapixels, *TILES).items():
        note = ", ".join(f"{way}: {value:.2f}" for way, value in by_way.items())
        what = f"{megapixels:g} MP, tiles of {tile} against the whole"
        yield Row(what, max(by_way.values()), 1, " levels", note)


def holes(bench: Bench) -> Iterator[Row]:
    """One scratch, in a small photo and in a large one."""
    small, large = bench.sizes.small, bench.sizes.large
    found = bench.ask("restoring_holes", bench.repeats, small, large)
    yield Row(
        f"one scratch filled, {large:g} MP / {small:g} MP, time",
        found["large"] / found["small"],
        GROWTH,
        note=f"{found['large']:.2f} against {found['small']:.2f} s; "
        f"{found['small'] * found['sgemm']:.0f} GFLOP in the small one, "
        f"{found['pixels']['small']} pixels",
    )


def size_of_weights(bench: Bench) -> Iterator[Row]:
    """The file, as it is stored."""
    yield Row("weights", bench.weights.stat().st_size / MEGABYTE, 14, " MB")


PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "weights": size_of_weights,
    "rates": rates,
    "memory": memory,
    "seams": seams,
    "holes": holes,
}


def shipped() -> Path:
    """Return the backend's own file.

    Raises:
        BackendError: If the product has no such backend.
        WeightsError: If its weights are not there.
    """
    return weights.verified(registry.find("resshift", Task.INPAINT).models[0]).path


@click.command(help=__doc__)
@click.option("--quick", is_flag=True, help="Smaller photos; the bars are not meant for them.")
@click.option("--repeats", default=3, show_default=True, help="Of each timing; the least counts.")
@click.option("--only", type=click.Choice(list(PARTS)))
@click.option(
    "--weights",
    "file",
    help="Default: those that ship.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def main(quick: bool, repeats: int, only: str | None, file: Path | None) -> None:
    """Print the rows as they are measured."""
    try:
        bench = Bench(repeats, QUICK if quick else Sizes(), (file or shipped()).resolve())
    except RestoreError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from error
    if quick:
        click.echo("Quick: smaller photos than the bars are meant for.\n")
    click.echo(HEAD)
    show(PARTS, only, bench)


if __name__ == "__main__":
    main()
