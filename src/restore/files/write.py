"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError, OutputError

# A hidden name, the machine, the process, and a number of its own.
_PART = re.compile(r"\..*\.(?P<machine>[0-9a-f]{8})\.(?P<process>\d+)\.[0-9a-f]{8}\.part", re.S)
_ELSEWHERE = "choose another folder with -o"
_HINTS = {
    errno.ENOSPC: f"free some space, or {_ELSEWHERE}",
    errno.EDQUOT: f"free some space, or {_ELSEWHERE}",
    errno.ENOENT: "the folder does not exist",
    errno.ENAMETOOLONG: "rename the photo, or name the output with -o",
}


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears at `path` whole, or not at all.

    It is written beside its place under a hidden name, brought to the disk, and renamed. A
    failure, ours or the caller's, leaves the folder as it was. Threads and processes may write
    the same path at once: the last one wins.

    Raises:
        OutputError: If it cannot be written.
    """
    # tempfile would make results that only their owner can read; open() honours the umask.
    mark = f"{_machine()}.{os.getpid()}.{secrets.token_hex(4)}"
    part = path.with_name(f".{path.name[:48]}.{mark}.part")
    try:
        try:
            with part.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error


def remove_leftovers(folder: Path) -> None:
    """Remove what processes of this machine were writing into a folder when they were killed."""
    with suppress(OSError):  # the folder is not there yet, or not ours to tidy
        for path in folder.glob(".*.part"):
            part = _PART.fullmatch(path.name)
            if part and part["machine"] == _machine() and not _runs(int(part["process"])):
                path.unlink(missing_ok=True)


def _machine() -> str:
    """Return what tells machines that share a folder apart, as far as their names do."""
    return f"{zlib.crc32(platform.node().encode()):08x}"


def _runs(process: int) -> bool:
    if os.name == "nt":  # where signal 0 is not a question
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, unless they are there.

    Raises:
        OutputError: If that cannot be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk, on systems where a folder can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = (error.strerror or str(error)).lower()
    return OutputError(
        f"cannot write {path}: {reason}", hint=_HINTS.get(error.errno or 0, _ELSEWHERE)
    )


def sha256_of(source: Path | bytes) -> str:
    """Return the SHA-256 of a file or of bytes, in hexadecimal.

    Raises:
        InputError: If the file cannot be read.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    try:
        with source.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
