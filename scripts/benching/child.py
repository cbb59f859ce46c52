"""Run `restore ARGS...` in this fresh process and say what it took.

    python -m benching.child [--import FILE] [--sgemm] [--sleeping] [--weights FILE] [--] ARGS...

The last line of standard output is JSON: seconds from the end of the imports to the end of the
command, by the clock and by the processor; peak memory; imported modules; and the speed of one
core's SGEMM before and after.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from pathlib import Path

import click

SIDE = 2048  #: of the SGEMM's matrices
REPEATS = 4


def imported() -> list[str]:
    """Return the modules that were imported from files, in order."""
    specs = [(name, getattr(module, "__spec__", None)) for name, module in sys.modules.items()]
    return [
        name
        for name, spec in specs
        if spec is not None
        and spec.name == name
        and isinstance(spec.loader, SourceFileLoader | ExtensionFileLoader)
    ]


def sgemm_rate() -> float:
    """Return the GFLOP that one core multiplies in a processor second, at its best."""
    import torch

    torch.set_num_threads(1)
    one, other = torch.rand(2, SIDE, SIDE)
    best = 0.0
    for _ in range(REPEATS):
        start = time.process_time()
        torch.mm(one, other)
        best = max(best, 2 * SIDE**3 / 1e9 / (time.process_time() - start))
    return best


def peak_memory() -> int:
    """Return the most bytes this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--import", "modules", type=click.Path(path_type=Path), help="A JSON list.")
@click.option("--sgemm", is_flag=True)
@click.option("--sleeping", is_flag=True, help="Use the backend that sleeps.")
@click.option("--weights", type=click.Path(path_type=Path), help="Denoise with these, not locked.")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def main(
    modules: Path | None,
    sgemm: bool,
    sleeping: bool,
    weights: Path | None,
    args: tuple[str, ...],
) -> None:
    """Import, run, report."""
    from restore.cli import main as restore

    if modules is not None:
        for name in json.loads(modules.read_text(encoding="utf-8")):
            import_module(name)
    if sleeping:
        from . import sleeping as backend

        args = (*args, "--backend", backend.register())
    if weights is not None:
        from . import unlocked

        args = (*args, "--backend", unlocked.register(weights))
    rates = [sgemm_rate()] if sgemm else []
    wall, cpu = time.perf_counter(), time.process_time()
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    try:
        with contextlib.redirect_stdout(said):
            restore(list(args), prog_name="restore")
    except SystemExit as end:
        if end.code:
            raise
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if sgemm:
        rates.append(sgemm_rate())
    report = {
        "wall": wall,
        "cpu": cpu,
        "peak": peak_memory(),
        "modules": imported(),
        "sgemm": max(rates, default=0.0),
        "said": said.buffer.getvalue().decode(),
    }
    click.echo(json.dumps(report))


if __name__ == "__main__":
    main()
