"""Whether a model's files are there, and are the ones that the lock means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..errors import LicenceError, WeightsError, reason_of
from ..files import sha256_of
from .entries import REINSTALL, File, Locked, find
from .notes import Known, known, note_path, read_note


class Where(StrEnum):
    """Where a model is."""

    SHIPS = "ships"
    IMPORTED = "imported"
    PARTLY = "partly imported"
    ABSENT = "absent"


@dataclass(frozen=True)
class Checked:
    """A file that is byte for byte the locked one, or was made of that one by importing it."""

    path: Path
    file: File
    sha256: str  #: of the file as it is published
    bytes: int  #: of the same
    known: Known


@dataclass(frozen=True)
class Verified:
    """A model whose files are all there and are the locked ones."""

    entry: Locked
    files: Mapping[str, Checked]  #: by role

    @property
    def paths(self) -> dict[str, Path]:
        """Role -> file, as backends take it."""
        return {role: one.path for role, one in self.files.items()}

    @property
    def path(self) -> Path:
        """Return the only file of a model that has one."""
        (path,) = self.paths.values()
        return path


def where(entry: Locked) -> Where:
    """Say where a model is, by its files' names alone."""
    there = [is_there(file) for file in entry.files.values()]
    if all(there):
        return Where.SHIPS if entry.embedded else Where.IMPORTED
    return Where.PARTLY if any(there) else Where.ABSENT


def is_there(file: File) -> bool:
    """Say whether a file is in its place, with its note if it was imported."""
    return file.path.is_file() and (not file.is_pickle or note_path(file).is_file())


def lacking(entry: Locked) -> list[File]:
    """Return a model's files that are not there."""
    return [file for file in entry.files.values() if not is_there(file)]


def verified(name: str) -> Verified:
    """Check a model's files against the lock, and imported ones against their notes.

    Raises:
        WeightsError: If the lock has no model of that name, or a file is absent, another one,
            or cannot be read.
        LicenceError: If an imported file's licence, as it now is, was never accepted.
    """
    entry = find(name)
    if absent := lacking(entry):
        raise _absent(entry, absent)
    return Verified(entry, {role: _checked(entry, file) for role, file in entry.files.items()})


def _absent(entry: Locked, files: list[File]) -> WeightsError:
    first = files[0]
    if first.is_pickle:
        names = " ".join(file.name for file in files)
        urls = " and ".join(file.url for file in files)
        return WeightsError(
            f"the weights {entry.name!r} are not there: {names.replace(' ', ', ')}",
            hint=f"get {urls} (licence: {entry.licence}), then: "
            f"restore models import {entry.name} {names}",
        )
    get = f"get it from {first.url} ({first.bytes:,} bytes; licence: {entry.licence})"
    return WeightsError(
        f"the weights {entry.name!r} are not there: {first.path}",
        hint=REINSTALL if first.embedded else get,
    )


def _checked(entry: Locked, file: File) -> Checked:
    """Check one file that is there."""
    note = read_note(file) if file.is_pickle else None
    if note is None:
        again = REINSTALL if file.embedded else f"put the file from {file.url} in its place"
        expected = (file.bytes, file.sha256)
        checked = Checked(file.path, file, file.sha256, file.bytes, known(file))
    else:
        again = f"import it again: restore models import {entry.name} {file.name}"
        if file.sha256 and note.sha256 != file.sha256:
            raise WeightsError(
                f"{file.path} was made of a file with the SHA-256 {note.sha256}, "
                f"not {file.sha256}, which is locked",
                hint=f"remove {note_path(file)} and {again}",
            )
        if note.licence != entry.licence:
            raise LicenceError(
                f"the licence of {entry.name!r} is not the one that was accepted", hint=again
            )
        expected = (note.stored_bytes, note.stored_sha256)
        checked = Checked(file.path, file, note.sha256, note.bytes, known(file))
    if problem := _difference(file.path, *expected):
        raise WeightsError(f"{file.path} is not the locked {entry.name!r}: {problem}", hint=again)
    return checked


def _difference(path: Path, size: int, sha256: str) -> str:
    """Say how a file differs from what it should be; empty if it does not.

    Raises:
        WeightsError: If it cannot be read.
    """
    try:
        found = path.stat().st_size
        if found != size:
            return f"it has {found:,} bytes, not {size:,}"
        digest = sha256_of(path)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {reason_of(error)}", hint="check its permissions"
        ) from error
    if digest != sha256:
        return f"its SHA-256 is {digest}, not {sha256}"
    return ""
