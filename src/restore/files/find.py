"""Expand files, folders and patterns into photos."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from ..errors import InputError, reason_of

Format = Literal["JPEG", "PNG", "WEBP", "TIFF"]

FORMATS: dict[str, Format] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""The suffixes, in lower case, that a folder's photos are known by."""


_RECORDS = {".json", ".jsonl"}

# Pipes that a shell opened for us, as `<(...)` does: reading them ends as reading `-` does. Any
# other pipe would have us wait for a writer, and a device may never end.
_OPEN_PIPE = re.compile(r"/dev/stdin|(/dev|/proc/self)/fd/\d+")


@dataclass(frozen=True)
class Found:
    """A photo, and the folder whose tree an output folder mirrors."""

    path: Path
    root: Path  #: the folder it was asked for with; a plain file's own folder


@dataclass
class Finds:
    """What the names on the command line stand for."""

    photos: list[Found] = field(default_factory=list)  #: by path, each once
    problems: list[tuple[Path, InputError]] = field(default_factory=list)
    skipped: int = 0  #: files in folders that are no photos, nor records and logs
    ours: int = 0  #: named files that are results of ours
    held: int = 0  #: files in folders that are results of ours, as their records say
    unrecorded: list[Path] = field(default_factory=list)  #: results by what they carry alone


def find_photos(
    paths: Sequence[Path],
    *,
    recursive: bool,
    ignore: Callable[[Path], bool],
    marked: Callable[[Path], bool],
) -> Finds:
    """Expand files, folders, and patterns that no shell expanded.

    A file that is named is taken, unless it is ours and others are named too. From folders and
    patterns come only files with a suffix of `FORMATS` that are neither hidden nor ours. Links
    to files are followed, links to folders below a folder are not.

    Args:
        paths: As the user gave them.
        recursive: Take what lies below a folder's own level too.
        ignore: Says whether a file is ours: an output is never an input.
        marked: Says whether a file that is not ours by its record carries our mark: a result that
            was renamed. Asked of what folders and patterns hold, never of a file that was named.

    Returns:
        The photos sorted by path; what cannot be read is collected, never raised.
    """
    finds = Finds()
    photos: dict[str, Found] = {}
    for path in paths:
        try:
            # Unlike Path's, this raises nothing for what lies in a folder that is closed to us.
            if len(paths) > 1 and os.path.isfile(path) and ignore(path):  # noqa: PTH113
                finds.ours += 1  # a shell expanded a pattern: named alone, it would be meant
                continue
            for found in _expand(path, recursive, ignore, marked, finds):
                photos.setdefault(os.path.abspath(found.path), found)  # noqa: PTH100 - no links
        except InputError as error:
            finds.problems.append((path, error))
    finds.photos = sorted(photos.values(), key=lambda found: found.path)
    return finds


def _expand(
    path: Path,
    recursive: bool,
    ignore: Callable[[Path], bool],
    marked: Callable[[Path], bool],
    finds: Finds,
) -> Iterator[Found]:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if not is_pattern(path):
            raise InputError("no such file or folder", hint="check the name") from None
        root, files = _fixed_part(path), _matches(path, finds)
    except OSError as error:
        raise _unreadable(error) from error
    else:
        if not stat.S_ISDIR(mode):
            _check_kind(path, mode)
            yield Found(path, path.parent)
            return
        root, files = path, _walk(path, recursive, finds)
    for file in files:
        if file.name.startswith("."):
            continue
        if file.suffix.lower() not in FORMATS:
            finds.skipped += file.suffix.lower() not in _RECORDS
        elif ignore(file):
            finds.held += 1
        elif marked(file):
            finds.unrecorded.append(file)
        else:
            yield Found(file, root)


def _check_kind(path: Path, mode: int) -> None:
    """Refuse what is neither a file nor a pipe that is open already.

    Raises:
        InputError: If it is a device, a socket or a named pipe.
    """
    pipe = stat.S_ISFIFO(mode)
    if not stat.S_ISREG(mode) and not (pipe and _OPEN_PIPE.fullmatch(str(path))):
        what = "a named pipe" if pipe else "a device or socket"
        raise InputError(
            f"this is {what}, not a file",
            hint="name a file, or send it through standard input, as -",
        )


def is_pattern(path: Path) -> bool:
    """Say whether a name is a pattern that no shell expanded."""
    return glob.has_magic(str(path)) and not os.path.exists(path)  # noqa: PTH110 - never raises


def _walk(top: Path, recursive: bool, finds: Finds) -> Iterator[Path]:
    """Yield the files of a folder; folders that cannot be listed become problems."""

    def note(error: OSError) -> None:
        finds.problems.append((Path(error.filename), _unreadable(error)))

    for folder, below, names in os.walk(top, onerror=note):
        below[:] = [name for name in below if recursive and not name.startswith(".")]
        if names and not os.access(folder, os.X_OK):  # it can be listed, and that is all
            below.clear()
            note(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))
            continue
        yield from (file for name in names if _is_file(file := Path(folder, name), finds))


def _is_file(file: Path, finds: Finds) -> bool:
    """Say whether a name that a folder holds is a file's; a photo's that is none is a problem."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError as error:
        if file.suffix.lower() in FORMATS and not file.name.startswith("."):
            lost = error.errno in (errno.ENOENT, errno.ELOOP)
            problem = (
                InputError(
                    "a link to a file that is not there", hint="restore it, or remove the link"
                )
                if lost
                else _unreadable(error)
            )
            finds.problems.append((file, problem))
        return False


def _matches(pattern: Path, finds: Finds) -> Iterator[Path]:
    """Yield the files that a pattern stands for; `**` stands for any folders."""
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - the pattern may be absolute
    if not names:
        raise InputError(
            "no file matches this pattern", hint="check the folder, and the case of the letters"
        )
    yield from (file for name in names if _is_file(file := Path(name), finds))


def _fixed_part(pattern: Path) -> Path:
    """Return the folder that a pattern starts from.

    >>> _fixed_part(Path("scans/19*/*.tif")).as_posix()
    'scans'
    """
    return next(folder for folder in pattern.parents if not glob.has_magic(str(folder)))


def _unreadable(error: OSError) -> InputError:
    return InputError(f"cannot be read: {reason_of(error)}", hint="check its permissions")


def read_file_list(stream: IO[bytes], null: bool) -> list[Path]:
    """Read names, one a line or each ended by NUL; empty ones are left out.

    Raises:
        InputError: If names end with NUL and that was not said.
    """
    data = stream.read()
    if not null and b"\0" in data:
        raise InputError("the list of files holds NUL bytes", hint="add -0")
    names = data.split(b"\0") if null else data.splitlines()
    return [Path(os.fsdecode(name)) for name in names if name]
