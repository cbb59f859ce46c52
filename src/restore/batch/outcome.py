"""What became of each photo, and what the process says of all of them."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import ExitCode, RestoreError, failure
from ..record import Record


@dataclass(frozen=True)
class Done:
    """A photo that was restored, or was up to date."""

    source: str
    output: str
    record: Record | None = None  #: as in the sidecar; None when nothing was made
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    skipped: str = ""  #: why nothing was to be done; empty if it was made now
    data: bytes | None = None  #: the file itself, when it goes to standard output


@dataclass(frozen=True)
class Failed:
    """A photo that could not be restored."""

    source: str
    error: BaseException  #: without a traceback: its frames hold the photo
    trace: str = ""  #: the traceback of a bug; empty for a failure we can explain

    @classmethod
    def of(cls, source: str, error: BaseException) -> Failed:
        """Keep what is said of an error, and let go of all that led to it."""
        explained = isinstance(error, RestoreError)
        trace = "" if explained else "".join(traceback.format_exception(error))
        error.__cause__ = error.__context__ = None
        return cls(source, error.with_traceback(None), trace)

    @property
    def exit_code(self) -> ExitCode:
        return self.error.exit_code if isinstance(self.error, RestoreError) else ExitCode.BUG


Result = Done | Failed


@dataclass
class Report:
    """Counts, and the exit code that follows from them."""

    done: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  #: by why nothing was to be done
    failed: Counter[ExitCode] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        if isinstance(result, Failed):
            self.failed[result.exit_code] += 1
        elif result.skipped:
            self.skipped[result.skipped] += 1
        else:
            self.done += 1

    @property
    def exit_code(self) -> ExitCode:
        """A bug wins; all photos failing for one reason is that reason; else some failed."""
        codes = set(self.failed)
        if not codes:
            return ExitCode.OK
        if ExitCode.BUG in codes:
            return ExitCode.BUG
        if len(codes) == 1 and not self.done and not self.skipped:
            return codes.pop()
        return ExitCode.PARTIAL

    def __str__(self) -> str:
        parts = [f"{self.done} done"]
        parts += [f"{count} {why}" for why, count in sorted(self.skipped.items())]
        if self.failed:
            parts.append(f"{self.failed.total()} failed")
        return ", ".join(parts)


def result_line(result: Result, *, with_record: bool) -> dict[str, Any]:
    """Return a result as one JSON line: of `--json` with its record, of the run log without."""
    if isinstance(result, Failed):
        return {"status": "failed", "input": result.source, **failure(result.error)}
    line: dict[str, Any] = {
        "status": "skipped" if result.skipped else "done",
        "input": result.source,
        "output": result.output,
        "seconds": round(result.seconds, 3),
    }
    if result.skipped:
        line["reason"] = result.skipped
    if with_record and result.record is not None:
        line["record"] = asdict(result.record)
    return line
