"""What every task's command does with its options: check, plan, run, report, exit."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from .. import registry
from ..backend import Entry, Task, Value
from ..cores import usable_cores
from ..errors import BackendError, ExitCode, WeightsError
from ..job import Denoising, Existing, Job, Masking, PixelHint, Planned
from .console import Console, say
from .options import Shared, source_names
from .plan import plan
from .show import show

MOST_JOBS = 8  #: photos at a time, by default: each is in memory as a whole


def run(
    task: Task,
    shared: Shared,
    options: Mapping[str, Value | None],
    *,
    hints: tuple[PixelHint, ...] = (),
    denoising: Denoising | None = None,
    masking: Masking | None = None,
    masks: Path | None = None,
) -> None:
    """Do a task to all the photos that were named, and exit.

    Args:
        task: What to do.
        shared: The options that every task has.
        options: The backend's own, by name; None where the user gave none.
        hints: Colours that the user knows.
        denoising: What the user wants of a denoiser.
        masking: How masks are read.
        masks: A mask for all photos, or a folder of them; None: none is given, find them.

    Raises:
        click.UsageError: For options that cannot be combined.
        RestoreError: If the run cannot begin.
    """
    names = source_names(shared)
    entry = registry.find(shared.backend or registry.names(task)[0], task)
    job = _job(task, entry, shared, _resolved(entry, task, options))
    _check_scale(job)
    job = replace(
        job,
        hints=hints,
        denoising=denoising or job.denoising,
        masking=masking or job.masking,
        finder=registry.FINDER.models[0] if masking and masks is None else None,
    )
    planned, notes = plan(job, names, shared.output, shared.recursive, masks)
    _check(job, shared, planned)
    if shared.samples > job.samples and not entry.draws:
        notes.append(f"backend {entry.name!r} draws no samples: --samples makes no difference")
    elif shared.samples > job.samples:
        notes.append(
            f"--samples {shared.samples} makes a difference with --save-samples or --confidence "
            "only: one is drawn"
        )
    for note in [] if shared.quiet else notes:
        say(f"note: {note}")
    if shared.dry_run:
        sys.exit(show(job, planned, as_json=shared.json))
    sys.exit(_restore(job, planned, shared))


def _resolved(entry: Entry, task: Task, options: Mapping[str, Value | None]) -> dict[str, Value]:
    """Fill in the backend's defaults.

    Raises:
        click.UsageError: If the user set a dial that the backend does not have.
    """
    given = {name: value for name, value in options.items() if value is not None}
    defaults = entry.defaults_of(task)
    if foreign := given.keys() - defaults.keys():
        raise click.UsageError(f"backend {entry.name!r} has no --{sorted(foreign)[0]}")
    return {**defaults, **given}


def _model(entry: Entry, task: Task, asked: str | None) -> str | None:
    """Return the name of the weights, the backend's first unless the user asked for others.

    Raises:
        WeightsError: If the backend has none of that name, or they are for another task.
    """
    if asked is None:
        return next(iter(entry.models), None)
    if asked in entry.models and task in _tasks(asked, entry):
        return asked
    known = [name for name in entry.models if task in _tasks(name, entry)]
    hint = f"known: {', '.join(known)}" if known else "it needs none: leave out --model"
    for name in registry.names(task):
        other = registry.find(name, task)
        if other != entry and asked in other.models and task in _tasks(asked, other):
            hint = f"it is one of --backend {name}"
    what = f"to {task} with" if asked in entry.models else "named"
    raise WeightsError(f"backend {entry.name!r} has no model {what} {asked!r}", hint=hint)


def _tasks(model: str, entry: Entry) -> Sequence[str]:
    """Return what a model of a backend is for."""
    from .. import weights

    return weights.find(model).tasks or entry.tasks


def _check_scale(job: Job) -> None:
    """Refuse a model that cannot enlarge so many times, before anything is asked of its files.

    Raises:
        BackendError: Naming how many times it can.
    """
    if job.task is not Task.UPSCALE or job.model is None:
        return
    from .. import weights

    scales = weights.find(job.model).scales
    if scales and job.scale not in scales:
        can = " or ".join(map(str, scales))
        raise BackendError(
            f"the model {job.model!r} enlarges {can} times, not {job.scale}",
            hint=f"--scale {can}, or another --model",
        )


def _job(
    task: Task,
    entry: Entry,
    shared: Shared,
    options: dict[str, Value],
) -> Job:
    threads = shared.threads or usable_cores()
    existing = Existing.REFRESH
    if shared.overwrite or shared.skip_existing:
        existing = Existing.OVERWRITE if shared.overwrite else Existing.SKIP
    return Job(
        task=task,
        entry=entry,
        model=_model(entry, task, shared.model),
        seed=shared.seed,
        # The result is the first, whether or not others are drawn.
        samples=shared.samples if shared.save_samples or shared.confidence else 1,
        save_samples=shared.save_samples,
        confidence=shared.confidence,
        options=options,
        device=shared.device,
        precision=shared.precision,
        threads=threads,
        # One more than threads: a photo is read or written while others wait for a device.
        jobs=shared.jobs or min(threads + (threads > 1), MOST_JOBS),
        max_pixels=shared.max_pixels,
        existing=existing,
    )


def _check(job: Job, shared: Shared, planned: Sequence[Planned]) -> None:
    """Refuse what cannot be combined.

    Raises:
        click.UsageError: Saying what.
    """
    to_stdout = shared.output == "-" or any(
        photo.output is None and photo.error is None for photo in planned
    )
    if job.hints and len(planned) > 1:
        raise click.UsageError("--hint names a place in one photo; several were given")
    if shared.overwrite and shared.skip_existing:
        raise click.UsageError("--overwrite and --skip-existing contradict each other")
    if job.confidence and not job.entry.draws:
        raise click.UsageError(f"backend {job.entry.name!r} draws no samples: no --confidence")
    if job.confidence and job.options.get("mean", 1) != 1:
        raise click.UsageError(
            "--confidence shows how far single draws differ, and --mean averages them: "
            "leave one of them out"
        )
    if job.saved_samples > 1 and not job.entry.draws:
        raise click.UsageError(
            f"backend {job.entry.name!r} draws no samples: "
            f"no --samples {job.samples} with --save-samples"
        )
    if to_stdout and shared.json:
        raise click.UsageError("--json and a result cannot both go to standard output")
    if to_stdout and (job.maps or job.save_samples):
        raise click.UsageError("maps and --save-samples need an output file")
    if shared.dry_run:
        return
    if to_stdout and sys.stdout is None:
        raise click.UsageError("standard output is closed")
    if sys.stdin is None and any(_is_piped(photo) for photo in planned):
        raise click.UsageError("standard input is closed")
    if to_stdout and sys.stdout.isatty():
        raise click.UsageError("standard output is a terminal; name a file with -o")
    if any(_is_piped(photo) for photo in planned) and sys.stdin.isatty():
        raise click.UsageError("standard input is a terminal; send a photo through a pipe")


def _is_piped(photo: Planned) -> bool:
    return photo.source is None and photo.error is None


def _restore(job: Job, planned: Sequence[Planned], shared: Shared) -> ExitCode:
    """Restore the photos; return what the process is to say of them."""
    from .. import batch  # torch: seconds that --help must not cost

    console = Console(as_json=shared.json, quiet=shared.quiet, verbose=shared.verbose)
    report = batch.Report()
    # Here and not in a thread, which Ctrl-C would leave waiting for its input.
    photos = [
        replace(photo, content=sys.stdin.buffer.read()) if _is_piped(photo) else photo
        for photo in planned
    ]
    # Closed also where a result cannot be shown: that stops the threads.
    with console.progress(len(photos)), closing(batch.run(job, photos)) as results:
        for result in results:
            report.add(result)
            console.show(result)
    console.finish(report, len(planned))
    return report.exit_code
