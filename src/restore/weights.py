"""Weights are locked data: what `weights.lock` says, where the file is, whether it is that one."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from .errors import WeightsError
from .files import sha256_of

_PACKAGE = Path(__file__).parent
_REINSTALL = "the installation is damaged: install restore-photos again"


@dataclass(frozen=True)
class Locked:
    """An entry of `weights.lock`."""

    name: str
    file: str  #: a bare name; safetensors, which cannot carry code
    url: str  #: where to get it; empty for a file that ships in the package
    bytes: int
    sha256: str  #: lower case
    licence: str  #: and what it allows, as shown to users and written in every record
    source: str  #: who made it, or the program and commit that trained it
    data: str  #: what it was trained on
    backend: str
    embedded: bool = False  #: ships in the package

    def __post_init__(self) -> None:
        """Raise ValueError for what no entry can mean."""
        if not re.fullmatch(r"[\w][\w.-]*\.safetensors", self.file):
            raise ValueError(f"file {self.file!r} is not the bare name of a .safetensors file")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256 is not 64 lower-case hexadecimal digits")
        if self.bytes <= 0:
            raise ValueError("bytes is not positive")
        if not (self.url or self.embedded):
            raise ValueError("neither a url nor embedded")


@dataclass(frozen=True)
class Verified:
    """A file that is byte for byte the locked one."""

    path: Path
    entry: Locked


def lock_path() -> Path:
    """Return where `weights.lock` is: in an installed package, else at the top of a checkout."""
    installed = _PACKAGE / "weights.lock"
    return installed if installed.is_file() else _PACKAGE.parents[1] / "weights.lock"


def lock() -> dict[str, Locked]:
    """Read the lock: name -> entry.

    Raises:
        WeightsError: If it is absent, or an entry is not as it must be.
    """
    path = lock_path()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"cannot read {path}: {error}", hint=_REINSTALL) from error
    try:
        return {name: _entry(name, table) for name, table in tables.items()}
    except ValueError as error:
        raise WeightsError(f"{path}: {error}", hint="correct the entry") from error


def locate(name: str) -> Path:
    """Return where a file of weights belongs, be it there or not.

    Raises:
        WeightsError: If no entry has that name.
    """
    return _place(find(name))


def verified(name: str) -> Verified:
    """Check a file of weights against the lock.

    Raises:
        WeightsError: If no entry has that name, or its file is absent or another one.
    """
    entry = find(name)
    path = _place(entry)
    if not path.is_file():
        get = f"get it from {entry.url} ({entry.bytes:,} bytes; licence: {entry.licence})"
        raise WeightsError(
            f"the weights {name!r} are not there: {path}",
            hint=_REINSTALL if entry.embedded else get,
        )
    problem = _difference(path, entry)
    if problem:
        get = f"put the file from {entry.url} in its place"
        raise WeightsError(
            f"{path} is not the locked {name!r}: {problem}",
            hint=_REINSTALL if entry.embedded else get,
        )
    return Verified(path, entry)


def find(name: str) -> Locked:
    """Return an entry of the lock.

    Raises:
        WeightsError: If no entry has that name.
    """
    entries = lock()
    if name in entries:
        return entries[name]
    close = get_close_matches(name, entries, n=1)
    known = f"known: {', '.join(entries) or 'none'}"
    hint = f"did you mean {close[0]!r}? {known}" if close else known
    raise WeightsError(f"no weights named {name!r}", hint=hint)


def cache_folder() -> Path:
    """Return where downloaded weights belong; `RESTORE_CACHE` moves it."""
    if chosen := os.environ.get("RESTORE_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "restore"


def _place(entry: Locked) -> Path:
    return (_PACKAGE / "models" if entry.embedded else cache_folder()) / entry.file


def _difference(path: Path, entry: Locked) -> str:
    """Say how a file differs from the locked one; empty if it does not."""
    size = path.stat().st_size
    if size != entry.bytes:
        return f"it has {size:,} bytes, not {entry.bytes:,}"
    digest = sha256_of(path)
    if digest != entry.sha256:
        return f"its SHA-256 is {digest}, not {entry.sha256}"
    return ""


def _entry(name: str, table: object) -> Locked:
    """Build an entry; raise ValueError, naming it, unless its fields are exactly ours."""
    try:
        if not isinstance(table, Mapping):
            raise ValueError("not a table")
        given: dict[str, Any] = dict(table)
        kinds = get_type_hints(Locked)
        del kinds["name"]
        needed = {f.name for f in fields(Locked) if f.default is MISSING} - {"name"}
        if unknown := given.keys() - kinds.keys():
            raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
        if missing := needed - given.keys():
            raise ValueError(f"missing field {', '.join(sorted(missing))}")
        for key, value in given.items():
            if type(value) is not kinds[key]:
                raise ValueError(f"{key} is not of type {kinds[key].__name__}")
        return Locked(name, **given)
    except ValueError as error:
        raise ValueError(f"[{name}] {error}") from None
