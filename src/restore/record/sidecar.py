"""Records beside outputs: written, read, and asked what is ours and what is done."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..files import record_path, replacing, sha256_of
from .decode import from_json, to_json
from .model import Record, Source


@dataclass(frozen=True)
class Unreadable:
    """What lies where a record would is none that we can read. False, like no record."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


def write_record(output: Path, record: Record) -> Path:
    """Write an output's record beside it; return where.

    To be written before the output: killed between the two, a record without its output means
    "to be done"; the other way round, an output would be left that nobody claims.

    Raises:
        OutputError: If it cannot be written.
    """
    path = record_path(output)
    with replacing(path) as stream:
        stream.write(to_json(record))
    return path


def read_record(output: Path) -> Record | Unreadable | None:
    """Read the record beside an output; None if there is none."""
    try:
        return from_json(record_path(output).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return Unreadable(str(error))


def up_to_date(output: Path, fingerprint: str) -> bool:
    """Say whether an output is there, whole, unaltered, and what would be made again.

    The files that were written with it count too.
    """
    record = read_record(output)
    if not record or record.fingerprint != fingerprint:
        return False
    recorded = [(output, record.output.sha256)]
    recorded += [(output.with_name(one.name), one.sha256) for one in record.companions]
    return all(path.is_file() and sha256_of(path) == digest for path, digest in recorded)


def was_altered(output: Path) -> bool:
    """Say whether an output of ours is no longer the file that a run wrote.

    A run that was killed just before its last rename leaves the file that it meant to replace
    under a record that knows it: that is not altered.
    """
    record = read_record(output)
    if not record or not output.is_file():
        return False
    return sha256_of(output) not in (record.output.sha256, record.replaces)


def other_source(output: Path, source: Path) -> Path | None:
    """Return the photo that an output of ours is of, if it is another one and still there."""
    record = read_record(output)
    if not record or record.input.path is None or not output.is_file():
        return None
    earlier = output.parent / record.input.path
    return earlier if earlier.is_file() and not earlier.samefile(source) else None


def remove_companions(output: Path, *, keep: Collection[str]) -> list[str]:
    """Remove what an earlier run wrote beside an output and this one does not.

    Else a map would lie beside a picture that it is not of, claimed by no record. What someone
    has altered since is theirs, and stays. Returns the names of what is gone.
    """
    removed = []
    record = read_record(output)
    for one in record.companions if record else ():
        path = output.parent / one.name
        named = path != output and output in _outputs(path)  # a record may say anything
        if named and one.name not in keep and path.is_file() and sha256_of(path) == one.sha256:
            path.unlink(missing_ok=True)
            removed.append(one.name)
    return removed


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
        return {value["output"]["name"], *(one["name"] for one in value["companions"])}
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return set()  # someone else's JSON, or none
