"""What every task's command does with its options: check, plan, run, report, exit."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

import click

from .. import registry
from ..backend import Entry, Task, Value
from ..cores import usable_cores
from ..errors import ExitCode
from ..job import Existing, Job, PixelHint, Planned
from .console import Console
from .options import Shared, source_names
from .plan import plan

MOST_JOBS = 8  #: photos at a time, by default: each is in memory as a whole


def run(
    task: Task,
    shared: Shared,
    options: Mapping[str, Value | None],
    hints: tuple[PixelHint, ...] = (),
) -> None:
    """Do a task to all the photos that were named, and exit.

    Args:
        task: What to do.
        shared: The options that every task has.
        options: The backend's own, by name; None where the user gave none.
        hints: Colours that the user knows.

    Raises:
        click.UsageError: For options that cannot be combined.
        RestoreError: If the run cannot begin.
    """
    names = source_names(shared)
    entry = registry.find(shared.backend or registry.names(task)[0], task)
    job = _job(task, entry, shared, _resolved(entry, options), hints)
    planned = plan(task, names, shared.output, shared.recursive)
    _check(job, shared, planned)
    if shared.dry_run:
        _show(planned, as_json=shared.as_json)
        return
    sys.exit(_restore(job, planned, shared))


def _resolved(entry: Entry, options: Mapping[str, Value | None]) -> dict[str, Value]:
    """Fill in the backend's defaults.

    Raises:
        click.UsageError: If the user set a dial that the backend does not have.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if foreign := given.keys() - entry.defaults.keys():
        raise click.UsageError(f"backend {entry.name!r} has no --{sorted(foreign)[0]}")
    return {**entry.defaults, **given}


def _job(
    task: Task,
    entry: Entry,
    shared: Shared,
    options: dict[str, Value],
    hints: tuple[PixelHint, ...],
) -> Job:
    threads = shared.threads or usable_cores()
    existing = Existing.REFRESH
    if shared.overwrite or shared.skip_existing:
        existing = Existing.OVERWRITE if shared.overwrite else Existing.SKIP
    return Job(
        task=task,
        entry=entry,
        model=shared.model or next(iter(entry.models), None),
        seed=shared.seed,
        samples=shared.samples,
        save_samples=shared.save_samples,
        confidence=shared.confidence,
        options=options,
        hints=hints,
        device=shared.device,
        precision=shared.precision,
        threads=threads,
        jobs=shared.jobs or min(threads, MOST_JOBS),
        max_pixels=shared.max_pixels,
        existing=existing,
    )


def _check(job: Job, shared: Shared, planned: Sequence[Planned]) -> None:
    """Refuse what cannot be combined.

    Raises:
        click.UsageError: Saying what.
    """
    to_stdout = any(photo.output is None and photo.error is None for photo in planned)
    if job.hints and len(planned) > 1:
        raise click.UsageError("--hint names a place in one photo; several were given")
    if shared.overwrite and shared.skip_existing:
        raise click.UsageError("--overwrite and --skip-existing contradict each other")
    if job.confidence and not job.entry.draws:
        raise click.UsageError(f"backend {job.entry.name!r} draws no samples: no --confidence")
    if to_stdout and shared.as_json:
        raise click.UsageError("--json and a result cannot both go to standard output")
    if to_stdout and (job.confidence or job.save_samples):
        raise click.UsageError("--confidence and --save-samples need an output file")
    if to_stdout and not shared.dry_run and sys.stdout.isatty():
        raise click.UsageError("standard output is a terminal; name a file with -o")


def _show(planned: Sequence[Planned], *, as_json: bool) -> None:
    """Print what would be done."""
    for photo in planned:
        output = str(photo.output or "-")
        if as_json:
            line = {"status": "planned", "input": photo.name, "output": output}
            if photo.error is not None:
                line = {"status": "failed", "input": photo.name, "message": str(photo.error)}
            click.echo(json.dumps(line, ensure_ascii=False))
        elif photo.error is not None:
            click.echo(f"error: {photo.name}: {photo.error}", err=True)
        else:
            click.echo(f"{photo.name} -> {output}")


def _restore(job: Job, planned: Sequence[Planned], shared: Shared) -> ExitCode:
    """Restore the photos; return what the process is to say of them."""
    from .. import batch  # torch: seconds that --help must not cost

    console = Console(as_json=shared.as_json, quiet=shared.quiet, verbose=shared.verbose)
    report = batch.Report()
    with console.progress(len(planned)):
        for result in batch.run(job, planned):
            report.add(result)
            console.show(result)
    console.finish(report, len(planned))
    return report.exit_code
