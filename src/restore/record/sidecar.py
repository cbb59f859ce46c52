"""Records beside outputs: read, and asked what is ours and what is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import OutputError, reason_of
from ..files import record_path, sha256_of
from .decode import from_json
from .model import Companion, Record, Source


@dataclass(frozen=True)
class Unreadable:
    """What lies where a record would is none that we can read. False, like no record."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


def read_record(output: Path) -> Record | Unreadable | None:
    """Read the record beside an output; None if there is none."""
    try:
        return from_json(record_path(output).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return Unreadable(str(error))


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file at the place of an output, or beside it.

    Raises:
        OutputError: If it cannot be read.
    """
    try:
        return sha256_of(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be read: {reason_of(error)}",
            hint="check its permissions, or choose another -o",
        ) from error


def is_whole(output: Path, beside: Iterable[Path]) -> bool:
    """Say whether an output is there and unaltered, and so is what was made with it.

    Args:
        output: Its record says what it was.
        beside: The companions that count; one that was not made with it is not whole.

    Raises:
        OutputError: If one cannot be read.
    """
    record = read_record(output)
    if not record:
        return False
    made = {one.name: one.sha256 for one in record.companions}
    wanted = {output: record.output.sha256, **{path: made.get(path.name) for path in beside}}
    return all(path.is_file() and hash_of(path) == digest for path, digest in wanted.items())


def digests(output: Path, path: Path) -> set[str]:
    """Return the hashes that an output, or a file beside it, has if it is as runs left it.

    More than one: a run that was killed before its last rename leaves files that it meant to
    replace under a record that knows them. Empty if the output's record does not name the file.
    """
    record = read_record(output)
    if not record:
        return set()
    if path == output:
        known = (record.output.sha256, record.replaces)
        return {one for one in known if one and record.output.name == output.name}
    beside = (*record.companions, *record.left)
    return {one.sha256 for one in beside if one.name == path.name}


def other_source(output: Path, source: Path) -> Path | None:
    """Return the photo that an output of ours is of, if it is another one and still there."""
    record = read_record(output)
    if not record or record.input.path is None or not output.is_file():
        return None
    earlier = output.parent / record.input.path
    return earlier if earlier.is_file() and not earlier.samefile(source) else None


def left_beside(output: Path) -> tuple[Companion, ...]:
    """Return what earlier runs wrote beside an output and is still there, each name once.

    A record that forgot them would have a later run take a map for a photo, or refuse to replace
    a sample of ours. What someone has altered since is named as it was.

    Raises:
        OutputError: If it cannot be said which of two records a file is by, as it cannot be read.
    """
    record = read_record(output)
    found: dict[str, Companion] = {}
    for one in (*record.companions, *record.left) if record else ():
        path = output.parent / one.name
        if path.is_file() and (one.name not in found or hash_of(path) == one.sha256):
            found[one.name] = one
    return tuple(found.values())


def source_of(path: Path, sha256: str) -> Source | None:
    """Return the step that made an input of these bytes, if the record beside it says so."""
    record = read_record(path)
    if not record or record.output.sha256 != sha256:
        return None
    return Source(record.task, record.fingerprint, record.input.sha256)


def is_ours(path: Path) -> bool:
    """Say whether a record of ours, of any version, names a file as output or companion.

    Cheap enough for every file of a folder: most cost three failed lookups.
    """
    return any(path.name in _names(record_path(output)) for output in _outputs(path))


def _outputs(path: Path) -> Iterator[Path]:
    """Yield the outputs that a file may belong to, by the ways in which companions are named.

    >>> [output.name for output in _outputs(Path("photo.colorized.s0.jpg"))]
    ['photo.colorized.s0.jpg', 'photo.colorized', 'photo.colorized.jpg']
    """
    yield path
    stem, *kind = path.name.rsplit(".", 2)
    if stem and len(kind) == 2:
        yield path.with_name(stem)
        yield path.with_name(f"{stem}.{kind[1]}")


def _names(record: Path) -> set[str]:
    """Return the files that a record names, as far as it is one."""
    try:
        value = json.loads(record.read_bytes())
        if not value["schema"].startswith("restore-record/"):
            return set()
        beside = [*value["companions"], *value.get("left", [])]
        return {value["output"]["name"], *(one["name"] for one in beside)}
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return set()  # someone else's JSON, or none
