"""`restore models`: which weights there are, and bringing in those that others published."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import LicenceError, RestoreError, UsageError, VerificationError, WeightsError
from .console import error_lines, put_json, put_text, say

if TYPE_CHECKING:
    from ..weights import File, Locked


@click.group(short_help="List, import and verify weights.")
def models() -> None:
    """List, import and verify the weights that backends compute with.

    Ours ship in the package. Published ones are imported from files that you downloaded: the
    network is never used. `--model NAME` then chooses them.
    """


@models.command("list", short_help="What there is, where it is, and its licence.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a model.")
def list_models(as_json: bool) -> None:
    """Show every model: its tasks, where it is, its size and its licence."""
    from .. import weights

    rows = [("NAME", "TASKS", "WHERE", "SIZE", "LICENCE")]
    for model in weights.lock().values():
        files = [_described(role, file) for role, file in model.files.items()]
        where = str(weights.where(model))
        if as_json:
            put_json(
                {
                    "name": model.name,
                    "tasks": list(_tasks(model)),
                    "backend": model.backend,
                    "where": where,
                    "licence": model.licence,
                    "licence_url": model.licence_url,
                    "source": model.source,
                    "data": model.data,
                    "files": files,
                }
            )
        about = "" if all(file["bytes"] for file in files) else "about "
        size = f"{about}{sum(file['bytes'] or file['about'] for file in files) / 1e6:.0f} MB"
        rows.append((model.name, ", ".join(_tasks(model)), where, size, model.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if not as_json else []:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        put_text("  ".join(cells).rstrip())


@models.command("import", short_help="Bring in weights that others published.")
@click.argument("name")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--accept-licence", is_flag=True, help="You have read the licence and accept it.")
def import_model(name: str, files: tuple[Path, ...], accept_licence: bool) -> None:
    """Bring in the published files of a model, downloaded before, under their own names.

    Each is checked against its hash, or pinned to the one that it has if none is published;
    read without running anything that is in it; and kept in the cache as safetensors. Files
    that models share are imported once.
    """
    from .. import registry, weights
    from ..record import timestamp
    from ..weights.roles import by_role

    model = weights.find(name)
    if not all(file.is_pickle for file in model.files.values()):
        raise UsageError(f"{name!r} is not imported from files", hint=_how_else(model))
    sources = by_role(model, files)
    _accept(model, accept_licence)
    accepted = timestamp()
    admit = registry.load_admit(model.backend)  # torch, which a question must not wait for
    from ..weights.importing import import_file

    for role, source in sources.items():
        done = import_file(model, role, source, admit, accepted)
        what = "imported" if done.anew else "there already"
        say(f"{source}: {what}: {done.path} ({done.known}: {done.note.sha256})")
    if lacking := weights.lacking(model):
        rest = " and ".join(file.url for file in lacking)
        say(f"note: {name} is not complete: it still needs {rest}")
    else:
        say(f"{name} is complete: choose it with --backend {model.backend} --model {name}")


@models.command("verify", short_help="Check the files of weights, bit by bit.")
@click.argument("name", required=False)
def verify_models(name: str | None) -> None:
    """Check a model's files, or those of every model that is there.

    Those that ship are compared with the lock, imported ones with what was made at their import.
    """
    from .. import weights

    if name is not None:
        chosen = [weights.find(name)]
        if weights.lacking(chosen[0]):
            weights.verified(name)  # says what is not there, and where to get it
    else:
        every = weights.lock().values()
        chosen = [one for one in every if one.embedded or not weights.lacking(one)]
    failed = 0
    for model in chosen:
        try:
            checked = weights.verified(model.name)
        except RestoreError as error:
            failed += 1
            for line in error_lines(error, model.name):
                say(line)
            continue
        for role, one in checked.files.items():
            note = f"; {one.known}" if one.file.is_pickle else ""
            put_text(f"{model.name}: {role} is whole: {one.path}{note}")
    if failed:
        raise VerificationError(f"{failed} of {len(chosen)} models are not what they were")


def _tasks(model: Locked) -> tuple[str, ...]:
    """Return what a model is for."""
    from .. import registry

    row = registry.row(model.backend)
    return model.tasks or (tuple(map(str, row.tasks)) if row else ())


def _described(role: str, file: File) -> dict[str, Any]:
    """Return what is known of a file, as `list --json` shows it; null for what is not."""
    from .. import weights

    try:
        note = weights.read_note(file) if file.is_pickle else None
    except WeightsError:  # which `verify` tells
        note = None
    return {
        "role": role,
        "name": file.name,
        "url": file.url,
        "bytes": note.bytes if note else file.bytes or None,
        "about": file.size,
        "sha256": note.sha256 if note else file.sha256 or None,
        "hash": str(weights.known(file)) if note or file.sha256 else None,
        "path": str(file.path) if weights.is_there(file) else None,
    }


def _how_else(model: Locked) -> str:
    (file,) = model.files.values()
    return "it ships in the package" if file.embedded else f"put it at {file.path}"


def _accept(model: Locked, accepted: bool) -> None:
    """Show a licence, and go on only if it is accepted: by the option, or by a person.

    Raises:
        LicenceError: If it is not.
    """
    say(f"{model.name}: {model.licence}")
    say(f"the whole licence: {model.licence_url}")
    if not accepted and sys.stdin is not None and sys.stdin.isatty():
        click.echo("Do you accept it? [y/N] ", err=True, nl=False)
        accepted = sys.stdin.readline().strip().lower() in ("y", "yes")
    if not accepted:
        raise LicenceError(
            f"the licence of {model.name!r} was not accepted; nothing is imported",
            hint="read it, and if you accept it add --accept-licence",
        )
