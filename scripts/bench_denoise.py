"""Measure what `restore denoise` costs, as ratios that hold on any machine.

    python scripts/bench_denoise.py             # about fifteen minutes on two cores
    python scripts/bench_denoise.py --large     # and 100 megapixels
    python scripts/bench_denoise.py --quick     # smaller photos: to see that it runs

Needs no data and no network: photographs are drawn. Work is counted in GFLOP: processor
seconds times the rate at which one core multiplies float32 matrices in the same process.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from benching.processes import Report, python, restore
from benching.rows import HEAD, MEGABYTE, Row, memory, show
from restore import registry, weights
from restore.backend import Task

SETTINGS = ("--seed", "1", "--quiet", "--json")
SMALL_TILE = 256  #: beside the one that ships
FASTER = 1.3  #: than the naive call, at least


@dataclass(frozen=True)
class Sizes:
    """Of the photos, in megapixels."""

    one_piece: float = 1
    tiles: float = 12
    naive: float = 3
    seams: float = 1.5
    file: float = 12
    large: float = 100


QUICK = Sizes(one_piece=0.5, tiles=2, naive=1, seams=0.75, file=3, large=12)


@dataclass(frozen=True)
class Bench:
    """A folder to work in, the weights to measure, and how patient to be."""

    folder: Path
    repeats: int
    sizes: Sizes
    weights: Path
    flags: tuple[str, ...]  #: of `benching.child`

    def photograph(self, megapixels: float) -> Path:
        """Draw a photograph in a process of its own, unless it is there."""
        path = self.folder / f"{megapixels:g}.jpg"
        if not path.exists():
            python("-m", "benching.noisy", str(megapixels), str(path))
        return path

    def denoise(self, photo: Path) -> Report:
        """Denoise into a new folder, on all cores, its modules imported beforehand."""
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            return restore(["denoise", str(photo), "-o", f"{out}/", *SETTINGS], *self.flags)

    def ask(self, module: str, *words: object) -> dict[str, Any]:
        """Run a part of the benchmark in a process of its own; return what it found."""
        lines = python("-m", f"benching.{module}", str(self.weights), *map(str, words))
        found: dict[str, Any] = json.loads(lines.splitlines()[-1])
        return found


def rates(bench: Bench) -> Iterator[Row]:
    """One core: the networks alone, through the tiler, and called naively."""
    sizes = bench.sizes
    found = bench.ask("rates", bench.repeats, sizes.one_piece, sizes.tiles, sizes.naive)
    million, sgemm = 1e6, found["sgemm"]
    seconds = million * found["one_piece"]
    yield Row(
        f"1 MP, network only (measured on {sizes.one_piece:g} MP in one piece)",
        seconds * sgemm,
        760,
        " GFLOP",
        f"{seconds:.2f} s at {sgemm:.0f} GFLOP/s",
    )
    bare = {side: million * value for side, value in found["bare"].items()}
    best = min(bare, key=lambda side: bare[side])
    yield Row(
        f"{sizes.tiles:g} MP in tiles of {found['tile']}, overlap {found['overlap']}"
        " / the best tile bare, a pixel",
        million * found["tiles"] / bare[best],
        1.3,
        note=f"{million * found['tiles']:.2f} s/MP; bare "
        + ", ".join(f"{side}: {value:.2f}" for side, value in bare.items()),
    )
    yield Row(
        f"{sizes.naive:g} MP, ours / the same network naively, time",
        found["ours"] / found["naive"],
        1 / FASTER,
        note=f"{found['naive'] / found['ours']:.2f} times as fast: "
        f"{million * found['ours']:.2f} against {million * found['naive']:.2f} s/MP",
    )


def seams(bench: Bench) -> Iterator[Row]:
    """Tiles against the whole photo."""
    for tile, by_noise in bench.ask("seams", bench.sizes.seams, 0, SMALL_TILE).items():
        what = "the tile that ships" if tile == "0" else f"a tile of {tile}"
        note = ", ".join(f"noise {noise}: {value:.2f}" for noise, value in by_noise.items())
        most = max(by_noise.values())
        yield Row(f"{bench.sizes.seams:g} MP, {what} against the whole", most, 1, " levels", note)


def files(bench: Bench) -> Iterator[Row]:
    """JPEG to JPEG, and how much memory it takes beside the naive call."""
    megapixels = bench.sizes.file
    photo = bench.photograph(megapixels)
    ours = bench.denoise(photo)
    yield wall(f"{megapixels:g} MP JPEG to JPEG", ours)
    yield memory(f"{megapixels:g} MP JPEG to JPEG, peak memory", ours, None)
    naive = bench.ask("naive", photo)["peak"]
    yield Row(
        f"{megapixels:g} MP, ours (the command) / the same network naively, peak memory",
        ours.peak / naive,
        0.25,
        note=f"{ours.peak / MEGABYTE:.0f} against {naive / MEGABYTE:.0f} MB",
    )


def large_photo(bench: Bench) -> Iterator[Row]:
    """What must not need memory by its size."""
    megapixels = bench.sizes.large
    run = bench.denoise(bench.photograph(megapixels))
    yield memory(f"{megapixels:g} MP, peak memory", run, 2000)
    yield wall(f"{megapixels:g} MP JPEG to JPEG", run)


def wall(what: str, run: Report) -> Row:
    """Return a row of wall time after the imports, and where it went."""
    record = json.loads(run.said.splitlines()[0])["record"]
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in record["timings"].items())
    note = f"{run.cpu:.1f} s of {cores()} cores; {record['noise']['route']}; {stages}"
    return Row(what, run.wall, None, " s", note)


def cores() -> int:
    """Return how many cores this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def size_of_weights(bench: Bench) -> Iterator[Row]:
    """The file, as it is stored."""
    yield Row("weights", bench.weights.stat().st_size / MEGABYTE, 8, " MB")


def shipped() -> Path:
    """Return the default backend's file."""
    entry = registry.find(registry.names(Task.DENOISE)[0], Task.DENOISE)
    return weights.verified(entry.models[0]).path


@click.command(help=__doc__)
@click.option("--large", is_flag=True, help="Measure a 100-megapixel photo, too.")
@click.option("--quick", is_flag=True, help="Smaller photos; the bars are not meant for them.")
@click.option("--repeats", default=3, show_default=True, help="Of each timing; the least counts.")
@click.option("--only", type=click.Choice(["rates", "seams", "files", "weights", "large"]))
@click.option(
    "--weights",
    "file",
    help="Default: those that ship.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def main(large: bool, quick: bool, repeats: int, only: str | None, file: Path | None) -> None:
    """Print the rows as they are measured."""
    parts: dict[str, Callable[[Bench], Iterator[Row]]] = {
        "weights": size_of_weights,
        "rates": rates,
        "seams": seams,
        "files": files,
    }
    if large or only == "large":
        parts["large"] = large_photo
    if quick:
        click.echo("Quick: smaller photos than the bars are meant for.\n")
    click.echo(HEAD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        flags = () if file is None else ("--weights", str(file.resolve()))
        bench = Bench(folder, repeats, QUICK if quick else Sizes(), file or shipped(), flags)
        modules = folder / "modules.json"
        modules.write_text(json.dumps(bench.denoise(bench.photograph(0.1)).modules))
        bench = replace(bench, flags=(*flags, "--import", str(modules)))
        show(parts, only, bench)


if __name__ == "__main__":
    main()
