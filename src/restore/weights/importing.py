"""Importing published files: checked, read without running anything, kept as safetensors.

Imports torch; everything else about weights does without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from ..device import is_out_of_memory
from ..errors import DeviceError, OutputError, WeightsError, reason_of
from ..files import make_folder, remove_leftovers, sha256_of, together
from .entries import File, Locked, lock
from .notes import Known, Note, encoded, known, note_path, read_note
from .pickles import read_pickle, safetensors_of
from .roles import names_of

if TYPE_CHECKING:
    from ..backend import Admit


@dataclass(frozen=True)
class Imported:
    """A file that is now in its place."""

    note: Note
    path: Path
    known: Known
    anew: bool  #: False: it was there already


def import_file(entry: Locked, role: str, source: Path, admit: Admit, accepted: str) -> Imported:
    """Check a published file and keep its tensors as safetensors, with a note beside them.

    Both appear whole or not at all, and what is there already stays until they do.

    Args:
        entry: The model.
        role: Which of its files this is.
        source: Where the file lies; it is only read.
        admit: The backend's check that these are the weights that it means.
        accepted: When the licence was accepted, UTC.

    Raises:
        WeightsError: If it cannot be read, is not the locked one, or not of this model.
        OutputError: If the cache cannot be written.
        DeviceError: If memory does not suffice.
    """
    try:
        return _imported(entry, role, source, admit, accepted)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise DeviceError(
                f"memory does not suffice to import {source}", hint="close other programs"
            ) from error
        raise


def _imported(entry: Locked, role: str, source: Path, admit: Admit, accepted: str) -> Imported:
    file = entry.files[role]
    try:
        with source.open("rb") as stream:
            sha256 = file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
            _check(file, source, size, sha256)
            note = read_note(file)
            if note and note.licence == entry.licence and _is_whole(file, note):
                return Imported(note, file.path, known(file), anew=False)
            content = read_pickle(stream, str(source))
    except OSError as error:
        raise WeightsError(
            f"{source} cannot be read: {reason_of(error)}", hint=names_of(entry)
        ) from error
    try:
        admitted = admit(entry.name, role, content)
        del content  # it is as large as the file
        stored = safetensors_of(admitted.state, admitted.config)
    except (TypeError, ValueError) as error:
        raise WeightsError(
            f"{source} does not hold the {role!r} of {entry.name!r}: {error}", hint=names_of(entry)
        ) from error
    note = Note(
        file=file.name,
        url=file.url,
        sha256=sha256,
        bytes=size,
        hash=str(known(file)),
        stored_sha256=sha256_of(stored),
        stored_bytes=len(stored),
        licence=entry.licence,
        licence_url=entry.licence_url,
        accepted=accepted,
    )
    _keep(file, stored, note)
    return Imported(note, file.path, known(file), anew=True)


def _check(file: File, source: Path, size: int, sha256: str) -> None:
    """Refuse what is not the locked file, nor the one that was pinned.

    Raises:
        WeightsError: Saying how it differs.
    """
    get = f"get it again from {file.url}"
    if file.bytes and size != file.bytes:
        raise WeightsError(
            f"{source} is not {file.name}: it has {size:,} bytes, not {file.bytes:,}", hint=get
        )
    if file.sha256 and sha256 != file.sha256:
        by = f", as {file.listed_by} lists it" if file.listed_by else ""
        raise WeightsError(
            f"{source} is not {file.name}: its SHA-256 is {sha256}, not {file.sha256}{by}", hint=get
        )
    note = read_note(file)
    if note and note.sha256 != sha256:
        raise WeightsError(
            f"{source} is not the {file.name} of the first import: "
            f"its SHA-256 is {sha256}, not {note.sha256}",
            hint=f"{get}; only if you trust this one instead, remove {note_path(file)}",
        )
    for other in _others(file):
        pinned = read_note(other)
        if sha256 in (other.sha256, pinned and pinned.sha256):
            raise WeightsError(f"{source} is not {file.name}: it is {other.name}", hint=get)


def _others(file: File) -> Iterable[File]:
    """Return every other published file of the lock."""
    files = {one.name: one for entry in lock().values() for one in entry.files.values()}
    return [one for one in files.values() if one.is_pickle and one.name != file.name]


def _is_whole(file: File, note: Note) -> bool:
    """Say whether what was made of a file is in its place as it was written."""
    try:
        return file.path.is_file() and sha256_of(file.path) == note.stored_sha256
    except OSError:  # what cannot be read is made again
        return False


def _keep(file: File, stored: bytes, note: Note) -> None:
    """Put the tensors and their note in their places, the note first: a pin is never lost."""
    folder = file.path.parent
    try:
        make_folder(folder)
        remove_leftovers(folder)
        with together() as write:
            write(file.path, stored)
            write(note_path(file), encoded(note))
    except OutputError as error:
        raise OutputError(
            str(error), hint="free some space, or choose another folder with RESTORE_CACHE"
        ) from error
