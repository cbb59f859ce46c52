"""The log of a run: one JSON line a photo, on the disk as soon as it is known."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from .decode import encoded

SCHEMA = "restore-run/1"


def timestamp() -> str:
    """Return the time now, UTC, to the second: `2024-05-01T12:00:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunLog:
    """Writes `restore-run-*.jsonl`: the settings, a line for each photo, the totals.

    Threads may share it. The last line says whether the run finished or was interrupted; only the
    log of a run that was killed has none.
    """

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        """Begin a log.

        Args:
            folder: Where the outputs are; must exist.
            settings: Of the run, JSON values.

        Raises:
            OSError: If the file cannot be made.
        """
        self._lock = threading.Lock()
        self.path, self._stream = _fresh(folder)
        self._write({"event": "start", "schema": SCHEMA, "time": timestamp(), "settings": settings})

    def add(self, line: Mapping[str, object]) -> None:
        """Write what became of one photo.

        Raises:
            OSError: If it cannot be written.
        """
        self._write({"event": "photo", **line})

    def finish(self, totals: Mapping[str, object]) -> None:
        """Write the last line and close the file.

        Raises:
            OSError: If it cannot be written.
        """
        self._end("finished", totals)
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and not self._stream.closed:
            with suppress(OSError):  # it may be the log itself that cannot be written
                self._end("interrupted", {})
        with suppress(OSError):
            self._stream.close()

    def _end(self, status: str, totals: Mapping[str, object]) -> None:
        self._write({"event": "end", "status": status, "time": timestamp(), **totals})

    def _write(self, line: Mapping[str, object]) -> None:
        with self._lock:
            self._stream.write(encoded(line) + b"\n")
            self._stream.flush()


def _fresh(folder: Path) -> tuple[Path, BinaryIO]:
    """Open a log that no other run has; containers on a cluster often share a process id."""
    stem = f"restore-run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"
    for n in count(1):
        path = folder / (f"{stem}.jsonl" if n == 1 else f"{stem}-{n}.jsonl")
        try:
            return path, path.open("xb")
        except FileExistsError:
            continue
    raise AssertionError("unreachable: count() never ends")
