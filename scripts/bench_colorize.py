"""Measure what `restore colorize` costs, as ratios that hold on any machine.

    python scripts/bench_colorize.py            # about five minutes on two cores
    python scripts/bench_colorize.py --large    # and 100 megapixels

Needs no data and no network: photographs are drawn. Work is counted in GFLOP: processor
seconds times the rate at which one core multiplies float32 matrices in the same process.
Run it on a quiet machine: most rows are processor time, but start-up and batches are wall time.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benching.processes import Report, fastest, python, restore
from benching.rows import HEAD, MEGABYTE, Row, memory, show
from restore import registry, weights
from restore.backend import Task

SETTINGS = ("--seed", "1", "--quiet")
ONE_CORE = ("--threads", "1", "--jobs", "1")
SAMPLES = 5
BATCH = 40
NAP = 0.2  #: seconds that `benching.sleeping` sleeps for a photo


@dataclass(frozen=True)
class Bench:
    """A folder to work in, and how patient to be."""

    folder: Path
    repeats: int
    modules: Path  #: what one photo imports, as JSON

    def photographs(self, width: int, height: int, count: int = 1) -> list[str]:
        """Draw photographs in a process of its own; return their paths."""
        folder = self.folder / f"{width}x{height}"
        python("-m", "benching.photographs", str(width), str(height), str(count), str(folder))
        return sorted(str(path) for path in folder.iterdir())

    def colorize(self, photos: Sequence[str], *options: str, flags: Sequence[str] = ()) -> Report:
        """Colorize into a new folder, its modules imported beforehand."""
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            args = ("colorize", *photos, "-o", f"{out}/", *SETTINGS, *options)
            return restore(args, "--import", str(self.modules), *flags)


def start_up(bench: Bench) -> Iterator[Row]:
    """`--help`, and the imports that one photo needs."""
    ours, click_alone = fastest(
        [["-m", "restore", "--help"], ["-c", "import click"]], 4 * bench.repeats
    )
    note = f"{1000 * ours:.0f} ms against {1000 * click_alone:.0f}"
    yield Row("`restore --help` / `import click`", ours / click_alone, 1.5, note=note)
    yield loaded("`--help`", restore(["--help"]).modules, ("torch", "numpy", "PIL"))
    modules = json.loads(bench.modules.read_text(encoding="utf-8"))
    names = f"import importlib, json; [importlib.import_module(name) for name in {modules}]"
    ours, torch_alone = fastest([["-c", names], ["-c", "import torch"]], bench.repeats)
    note = f"{ours:.2f} s against {torch_alone:.2f}"
    yield Row("imports for one photo / `import torch`", ours / torch_alone, 1.15, note=note)
    yield loaded("one photo", modules, ("torchvision", "diffusers", "transformers"))


def loaded(when: str, modules: Sequence[str], banned: Sequence[str]) -> Row:
    """Count the banned packages among imported modules."""
    found = {name.partition(".")[0] for name in modules} & set(banned)
    return Row(f"{when} imports of {', '.join(banned)}", len(found), 0, note=", ".join(found))


def one_photo(bench: Bench) -> Iterator[Row]:
    """1 and 12 megapixels on one core, after imports."""
    photo = bench.photographs(1200, 834)

    def least(photos: Sequence[str], *options: str) -> Report:
        runs = [
            bench.colorize(photos, *ONE_CORE, *options, flags=["--sgemm"])
            for _ in range(bench.repeats)
        ]
        return min(runs, key=lambda run: run.gflop)

    single = least(photo)
    several = least(photo, "--samples", str(SAMPLES), "--save-samples")
    note = f"{single.cpu:.2f} s at {single.sgemm:.0f} GFLOP/s"
    yield Row("1 MP JPEG to JPEG, one sample", single.gflop, 400, " GFLOP", note)
    further = (several.gflop - single.gflop) / (SAMPLES - 1)
    yield Row("each further sample, written too", further, 60, " GFLOP")
    photo = bench.photographs(4000, 3000)
    large = least(photo)
    note = f"{large.cpu:.2f} s"
    yield Row("12 MP JPEG to JPEG", large.gflop, 1000, " GFLOP", note)
    yield memory("12 MP, peak memory", bench.colorize(photo), 1500)


def batch(bench: Bench) -> Iterator[Row]:
    """Many photos on all cores: nothing may wait for anything."""
    photos = bench.photographs(2000, 1500, BATCH)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    run = bench.colorize(photos)
    floor = run.cpu / (cores or 1)
    note = f"{run.wall:.1f} s, {run.cpu:.1f} s of {cores} cores"
    yield Row(f"{BATCH} photos of 3 MP, wall / (CPU / cores)", run.wall / floor, 1.15, note=note)
    run = bench.colorize(photos, flags=["--sleeping"])
    note = f"{run.wall:.1f} s, {run.cpu / (cores or 1):.1f} s of processor a core"
    yield Row("with a sleeping model, wall / sleep", run.wall / (NAP * BATCH), 1.1, note=note)


def large_photo(bench: Bench) -> Iterator[Row]:
    """100 megapixels."""
    yield memory("100 MP, peak memory", bench.colorize(bench.photographs(12000, 8334)), 3000)


def size_of_weights(_: Bench) -> Iterator[Row]:
    """The default backend's file."""
    entry = registry.find(registry.names(Task.COLORIZE)[0], Task.COLORIZE)
    size = weights.verified(entry.models[0]).path.stat().st_size
    yield Row("weights", size / MEGABYTE, 14, " MB")


@click.command(help=__doc__)
@click.option("--large", is_flag=True, help="Measure the memory of a 100-megapixel photo.")
@click.option("--repeats", default=3, show_default=True, help="Of each timing; the least counts.")
@click.option("--only", type=click.Choice(["start", "photo", "batch"]), help="One part.")
def main(large: bool, repeats: int, only: str | None) -> None:
    """Print the rows as they are measured."""
    parts: dict[str, Callable[[Bench], Iterator[Row]]] = {
        "start": start_up,
        "photo": one_photo,
        "batch": batch,
        "weights": size_of_weights,
    }
    if large:
        parts["large"] = large_photo
    click.echo(HEAD)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder, repeats, folder / "modules.json")
        photos = bench.photographs(96, 64)
        probe = restore(["colorize", *photos, "-o", f"{folder}/probe/", *SETTINGS])
        bench.modules.write_text(json.dumps(probe.modules), encoding="utf-8")
        show(parts, only, bench)


if __name__ == "__main__":
    main()
