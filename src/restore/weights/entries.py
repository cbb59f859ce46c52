"""What `weights.lock` says: models, and the files that they are made of.

The lock has tables of two kinds. One whose name ends in `.pth` is a file as its authors publish
it, to be imported before it is used; several models may share it. Every other one is a model:
of a single safetensors file of its own, or of published files, each in a role.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..errors import WeightsError
from . import places

REINSTALL = "the installation is damaged: install restore-photos again"
PUBLISHED = ".pth"  #: the suffix of a file that is published as a pickle, and so imported
NET = "net"  #: the role of a model's only file

Fields = Mapping[str, type]
_ABOUT: Fields = {"licence": str, "source": str, "data": str, "backend": str}
_SINGLE: Fields = {"file": str, "url": str, "bytes": int, "sha256": str, **_ABOUT}
_SEVERAL: Fields = {"files": dict, "licence_url": str, "tasks": list, **_ABOUT}


@dataclass(frozen=True)
class File:
    """A file of weights, as it ships or as it is published."""

    name: str  #: without a folder
    url: str  #: where to get it; empty for a file that ships in the package
    bytes: int = 0  #: 0: not known
    sha256: str = ""  #: lower case; empty: not known
    embedded: bool = False  #: ships in the package
    megabytes: int = 0  #: about how large it is, where nobody says exactly
    listed_by: str = ""  #: who lists the hash, where those who made the file publish none

    def __post_init__(self) -> None:
        """Raise ValueError for what no file can be."""
        if not re.fullmatch(r"[\w][\w.-]*\.(safetensors|pth)", self.name):
            raise ValueError(
                f"file {self.name!r} is not the bare name of a .safetensors or .pth file"
            )
        if self.sha256 and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256 is not 64 lower-case hexadecimal digits")
        if self.bytes < 0 or self.megabytes < 0 or not (self.bytes or self.megabytes):
            raise ValueError("bytes or megabytes is not positive")
        if not (self.url or self.embedded):
            raise ValueError("neither a url nor embedded")
        if self.listed_by and not self.sha256:
            raise ValueError("listed_by belongs to a sha256")

    @property
    def is_pickle(self) -> bool:
        """Whether it is a pickle, which is never read but to import it."""
        return self.name.endswith(PUBLISHED)

    @property
    def path(self) -> Path:
        """Where it belongs, be it there or not: in safetensors, which cannot carry code."""
        folder = places.shipped_folder() if self.embedded else places.cache_folder()
        return (folder / self.name).with_suffix(".safetensors")

    @property
    def size(self) -> int:
        """How many bytes it has, as nearly as is known."""
        return self.bytes or self.megabytes * 1_000_000


@dataclass(frozen=True)
class Locked:
    """A model of `weights.lock`."""

    name: str
    files: Mapping[str, File]  #: role -> file, the network's first
    licence: str  #: and what it allows, as shown to users and written in every record
    source: str  #: who made it, or the program and commit that trained it
    data: str  #: what it was trained on
    backend: str
    licence_url: str = ""  #: its whole text; empty if `licence` is all there is to say
    tasks: tuple[str, ...] = ()  #: empty: every task of its backend
    scales: tuple[int, ...] = ()  #: how many times it can enlarge; empty: as its backend

    @property
    def embedded(self) -> bool:
        """Whether it ships in the package."""
        return all(file.embedded for file in self.files.values())


def lock() -> dict[str, Locked]:
    """Read the lock: name -> model.

    Raises:
        WeightsError: If it is absent, or an entry is not as it must be.
    """
    path = places.lock_path()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read {path}: {error}", hint=REINSTALL) from error
    try:
        published = {
            name: _published(name, table)
            for name, table in tables.items()
            if name.endswith(PUBLISHED)
        }
        return {
            name: _model(name, table, published)
            for name, table in tables.items()
            if name not in published
        }
    except ValueError as error:
        raise WeightsError(f"{path}: {error}", hint="correct the entry") from error


def find(name: str) -> Locked:
    """Return a model of the lock.

    Raises:
        WeightsError: If none has that name.
    """
    models = lock()
    if name in models:
        return models[name]
    close = get_close_matches(name, models, n=1)
    known = f"known: {', '.join(models) or 'none'}"
    hint = f"did you mean {close[0]!r}? {known}" if close else known
    raise WeightsError(f"no weights named {name!r}", hint=hint)


def _model(name: str, table: object, published: Mapping[str, File]) -> Locked:
    """Build a model; raise ValueError, naming it, unless its fields are exactly ours."""
    with _named(name):
        if isinstance(table, Mapping) and "files" in table:
            given = _fields(table, _SEVERAL, {"scales": list})
            parts, tasks, scales = given.pop("files"), given.pop("tasks"), given.pop("scales", [])
            if odd := [one for one in parts.values() if one not in list(published)]:
                raise ValueError(f"files: the lock has none named {odd[0]!r}")
            if not (parts and tasks and _are_names(tasks)):
                raise ValueError("it needs files, and names of tasks")
            if not all(type(scale) is int and scale > 0 for scale in scales):
                raise ValueError("scales are whole numbers")
            files = {role: published[one] for role, one in parts.items()}
            return Locked(name, files, tasks=tuple(tasks), scales=tuple(scales), **given)
        given = _fields(table, _SINGLE, {"embedded": bool, "tasks": list})
        single = {key: given.pop(key) for key in ("url", "bytes", "sha256")}
        tasks = given.pop("tasks", [])
        if not _are_names(tasks):
            raise ValueError("tasks are names")
        file = File(given.pop("file"), **single, embedded=given.pop("embedded", False))
        if file.is_pickle or not file.sha256:
            raise ValueError(f"{file.name!r} is not a .safetensors file, or has no sha256")
        return Locked(name, {NET: file}, tasks=tuple(tasks), **given)


def _are_names(values: list[object]) -> bool:
    return all(type(value) is str for value in values)


def _published(name: str, table: object) -> File:
    """Build a published file; raise ValueError, naming it, unless its fields are exactly ours."""
    with _named(name):
        known = {"bytes": int, "sha256": str, "listed_by": str}
        return File(name, **_fields(table, {"url": str, "megabytes": int}, known))


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"[{name}] {error}") from None


def _fields(table: object, needed: Fields, known: Fields | None = None) -> dict[str, Any]:
    """Return a table's fields, all that are needed and none but those, of their types."""
    if not isinstance(table, Mapping):
        raise ValueError("not a table")
    kinds = {**needed, **(known or {})}
    if unknown := table.keys() - kinds.keys():
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    if missing := needed.keys() - table.keys():
        raise ValueError(f"missing field {', '.join(sorted(missing))}")
    for key, value in table.items():
        if type(value) is not kinds[key]:
            raise ValueError(f"{key} is not of type {kinds[key].__name__}")
    return dict(table)
