"""Which of a model's files is which, before any is read."""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError, WeightsError
from .entries import Locked, lock
from .verify import is_there


def by_role(entry: Locked, paths: Sequence[Path]) -> dict[str, Path]:
    """Say which file is which of a model's: by its published name, else by what is left.

    Raises:
        UsageError: If that cannot be told.
        WeightsError: If one is not there, or has the name of a file of another model.
    """
    is_file = os.path.isfile  # unlike Path's, takes a name too long for one that is not there
    if gone := [path for path in paths if not is_file(path)]:
        raise WeightsError(f"{gone[0]} is no file", hint=names_of(entry))
    roles = {file.name: role for role, file in entry.files.items()}
    found: dict[str, Path] = {}
    unknown = []
    for path in paths:
        role = roles.get(path.name)
        if role is None:
            unknown.append(path)
        elif role in found:
            raise UsageError(f"two files are named {path.name}")
        else:
            found[role] = path
    for path in unknown:
        if owners := [one for one in lock().values() if _has(one, path.name)]:
            raise WeightsError(
                f"{path} is, by its name, a file of {owners[0].name!r}, not of {entry.name!r}",
                hint=names_of(entry),
            )
    left = [role for role in entry.files if role not in found]
    left = [role for role in left if not is_there(entry.files[role])] or left
    if unknown and not len(unknown) == len(left) == 1:
        raise UsageError(
            f"{unknown[0]} does not have the name under which it is published", hint=names_of(entry)
        )
    return found | dict(zip(left, unknown, strict=False))


def names_of(entry: Locked) -> str:
    """Say what a model's files are called."""
    names = (f"{file.name} ({role})" for role, file in entry.files.items())
    return f"its files are {' and '.join(names)}"


def _has(entry: Locked, name: str) -> bool:
    return any(file.name == name for file in entry.files.values())
