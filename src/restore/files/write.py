"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..errors import OutputError, reason_of

# A hidden name, the machine, the process, and a number of its own.
_PART = re.compile(r"\..*\.(?P<machine>[0-9a-f]{8})\.(?P<process>\d+)\.[0-9a-f]{8}\.part", re.S)
_ELSEWHERE = "choose another folder with -o"
_HINTS = {
    errno.ENOSPC: f"free some space, or {_ELSEWHERE}",
    errno.EDQUOT: f"free some space, or {_ELSEWHERE}",
    errno.EFBIG: f"raise the limit on a file's size (ulimit -f), or {_ELSEWHERE}",
    errno.ENOENT: "the folder does not exist",
    errno.ENAMETOOLONG: "rename the photo, or name the output with -o",
}


@contextmanager
def together() -> Iterator[Callable[[Path, bytes], None]]:
    """Write files that appear together, each whole, or not at all.

    What is yielded takes a path and the file's bytes, and brings them to the disk beside their
    place, under a hidden name. When all are there, they are renamed in reverse order: the first
    one written appears last, and says that all is done. A failure, ours or the caller's, leaves
    everything as it was. Threads and processes may write the same path at once: the last one wins.

    Raises:
        OutputError: If one cannot be written.
    """
    parts: list[tuple[Path, Path]] = []
    hidden: list[Path] = []

    def write(path: Path, data: bytes) -> None:
        # tempfile would make results that only their owner can read; open() honours the umask.
        part = _hidden(path)
        hidden.append(part)
        with _explained(path), part.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        parts.append((path, part))

    try:
        yield write
        with ExitStack() as undo:
            for path, part in reversed(parts):
                with _explained(path):
                    former = _second_name(path, hidden)
                    part.replace(path)
                undo.callback(_put_back, path, former)
            undo.pop_all()
        for folder in {path.parent for path, _ in parts}:
            _sync_folder(folder)
    finally:
        for name in hidden:
            with suppress(OSError):
                name.unlink(missing_ok=True)


def _hidden(path: Path) -> Path:
    """Return a name beside a file that no other thread, process or machine uses."""
    mark = f"{_machine()}.{os.getpid()}.{secrets.token_hex(4)}"
    return path.with_name(f".{path.name[:48]}.{mark}.part")


def _second_name(path: Path, hidden: list[Path]) -> Path | None:
    """Give a file that is about to be replaced a hidden name too; None if there is no file."""
    if not os.path.lexists(path):
        return None
    name = _hidden(path)
    hidden.append(name)
    try:
        os.link(path, name, follow_symlinks=False)
    except (OSError, NotImplementedError):  # file systems without hard links
        shutil.copy2(path, name, follow_symlinks=False)
    return name


def _put_back(path: Path, former: Path | None) -> None:
    with suppress(OSError):
        if former is None:
            path.unlink(missing_ok=True)
        else:
            former.replace(path)


def remove_leftovers(folder: Path, *, own: bool = False) -> None:
    """Remove what processes of this machine were writing into a folder when they were killed.

    Args:
        folder: Where results are.
        own: Remove instead what this process has not finished, because it is about to end.
    """
    with suppress(OSError):  # the folder is not there yet, or not ours to tidy
        for path in folder.glob(".*.part"):
            part = _PART.fullmatch(path.name)
            if not part or part["machine"] != _machine():
                continue
            process = int(part["process"])
            if process == os.getpid() if own else not _runs(process):
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
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk, on systems where a folder can be opened."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn a failure of the system into one that says what could not be written, and why."""
    try:
        yield
    except OSError as error:
        reason = reason_of(error)
        hint = _HINTS.get(error.errno or 0, _ELSEWHERE)
        if error.errno == errno.ENOENT and path.parent.is_dir():  # as in /proc
            reason, hint = "its folder takes no new files", _ELSEWHERE
        raise OutputError(f"cannot write {path}: {reason}", hint=hint) from error


def sha256_of(source: Path | bytes) -> str:
    """Return the SHA-256 of a file or of bytes, in hexadecimal.

    Raises:
        OSError: If the file cannot be read; whose fault that is, callers know.
    """
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
