"""What is known of a file that was imported: a note beside it.

A hash that nobody publishes is pinned here when the file is first imported. The note outlives
the file, so that another one cannot take its name unseen.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from ..errors import WeightsError, reason_of
from ..files import record_path
from .entries import File

SCHEMA = "restore-import/1"


class Known(StrEnum):
    """How far a file's hash can be trusted."""

    PUBLISHED = "hash published"  #: those who made the file publish it
    LISTED = "hash as a copy's listing gives it, not published"
    OBSERVED = "hash observed, not published"  #: pinned at the first import


@dataclass(frozen=True)
class Note:
    """Where an imported file came from, what it became, and under which terms."""

    file: str  #: the name under which it is published
    url: str
    sha256: str  #: of the file as it is published
    bytes: int  #: of the same
    hash: str  #: one of `Known`
    stored_sha256: str  #: of what was made of it: safetensors
    stored_bytes: int
    licence: str  #: as it was accepted
    licence_url: str
    accepted: str  #: when, in UTC
    schema: str = SCHEMA


def known(file: File) -> Known:
    """Say how far the hash of a published file can be trusted."""
    if not file.sha256:
        return Known.OBSERVED
    return Known.LISTED if file.listed_by else Known.PUBLISHED


def note_path(file: File) -> Path:
    """Return where the note of a file is, be it there or not."""
    return record_path(file.path)


def encoded(note: Note) -> bytes:
    """Return a note as JSON for people and programs."""
    return json.dumps(asdict(note), indent=2, ensure_ascii=False).encode() + b"\n"


def read_note(file: File) -> Note | None:
    """Read the note of a file; None if it never was imported.

    Raises:
        WeightsError: If what lies in its place is none.
    """
    path = note_path(file)
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read: {reason_of(error)}",
            hint="RESTORE_CACHE chooses another folder",
        ) from error
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or value.keys() != {one.name for one in fields(Note)}:
            raise ValueError("its fields are other ones")
        note = Note(**value)
        kinds = {"bytes": int, "stored_bytes": int}
        for name, one in value.items():
            if type(one) is not kinds.get(name, str):
                raise ValueError(f"{name} is of another type")
        if (note.schema, note.file) != (SCHEMA, file.name):
            raise ValueError(f"it is not about {file.name}")
    except (ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is no note of an import: {error}",
            hint="remove it, and import the file again: its hash is then pinned anew",
        ) from error
    return note
