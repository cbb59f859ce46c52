"""What people and scripts see: messages on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from ..errors import OutputError, RestoreError, reason_of

if TYPE_CHECKING:
    from tqdm import tqdm

    from ..batch import Done, Failed, Report, Result


# Bytes of names that are not UTF-8 are these code points to Python, and to nobody else.
_BYTES = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(128, 256)}
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_PRINTABLE = _BYTES | _CONTROLS
_IN_JSON = {code: f"\\{escape}" for code, escape in _BYTES.items()}


def say(line: str) -> None:
    """Print a message; the name of a file may hold a terminal's commands."""
    click.echo(line.translate(_PRINTABLE), err=True)


def put_text(line: str) -> None:
    """Write a line for people to standard output.

    Raises:
        OutputError: If it takes no more.
    """
    _put(line.translate(_PRINTABLE).encode(errors="backslashreplace") + b"\n")


def put_json(line: Mapping[str, object]) -> None:
    """Write a line for programs to standard output; bytes that are not UTF-8 are escaped.

    Raises:
        OutputError: If it takes no more.
    """
    text = json.dumps(line, allow_nan=False, ensure_ascii=False).translate(_IN_JSON)
    _put(text.encode(errors="backslashreplace") + b"\n")


def error_lines(error: BaseException, source: str = "") -> list[str]:
    """Return what is said of a failure: one line, and a hint if there is one.

    Args:
        error: Of any kind; ours have hints.
        source: The photo that it befell.
    """
    lines = [f"error: {source}: {error}" if source else f"error: {error}"]
    if isinstance(error, RestoreError) and error.hint:
        lines.append(f"hint: {error.hint}")
    return lines


class Console:
    """Prints the results of one run, in the order of the plan."""

    def __init__(self, *, as_json: bool, quiet: bool, verbose: bool) -> None:
        if as_json:
            _stdout()  # before the work, not after it
        self._json, self._quiet, self._verbose = as_json, quiet, verbose
        self._bar: tqdm[None] | None = None

    @contextmanager
    def progress(self, total: int) -> Iterator[None]:
        """Show photos done, rate and time left, if there are several and a person watches."""
        if total < 2 or self._quiet or not sys.stderr.isatty():
            yield
            return
        from tqdm import tqdm

        with tqdm(total=total, unit="photo", file=sys.stderr, dynamic_ncols=True) as self._bar:
            yield
        self._bar = None

    def show(self, result: Result) -> None:
        """Report one photo."""
        from ..batch import Failed, result_line

        if self._json:
            put_json(result_line(result, with_record=True))
        if isinstance(result, Failed):
            self._failed(result)
        else:
            self._done(result)
        if self._bar is not None:
            self._bar.update()

    def finish(self, report: Report, total: int) -> None:
        """Count the photos, if there were several."""
        if total > 1 and not self._quiet:
            self._say(str(report))

    def _failed(self, failed: Failed) -> None:
        for line in (*error_lines(failed.error, failed.source), *failed.trace.splitlines()):
            self._say(line)

    def _done(self, done: Done) -> None:
        if done.data is not None:
            _put(done.data)
        if self._quiet:
            return
        for notice in done.notices:
            self._say(f"note: {done.source}: {notice}")
        if done.skipped:
            self._say(f"{done.output}: {done.skipped}")
            return
        self._say(f"{done.source} -> {done.output}")
        doubt = done.record and done.record.confidence
        if doubt:
            filling = done.record is not None and done.record.filled is not None
            self._say(f"  {guess_sentence(doubt.guessed_share, doubt.samples, filling=filling)}")
        filled = done.record and done.record.filled
        if filled:
            self._say(f"  {filled.sentence}")
        noise = done.record and done.record.noise
        if noise:
            self._say(f"  {noise.sentence}")
        if self._verbose and done.record:
            timings = done.record.timings.items()
            self._say("  " + ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in timings))

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.write(line.translate(_PRINTABLE), file=sys.stderr)
        else:
            say(line)


def guess_sentence(share: float, draws: int, filling: bool = False) -> str:
    """Say how much of a result is a guess, as roughly as a few draws can tell.

    Args:
        share: Where a large error is to be expected, 0 to 1; of what was filled, if that is it.
        draws: True samples that it rests on.
        filling: Whether holes were filled: all of that is a guess, and some of it a wild one.

    >>> guess_sentence(0.31, 8)
    'about 30% of the picture is a guess, going by 8 draws: the map shows where'
    >>> guess_sentence(0.02, 8, filling=True)
    'what was filled is invented, hardly any of it far off, going by 8 draws and how deep it lies: \
the map shows where'
    """
    tens = 10 * round(10 * share)
    about = {0: "hardly any", 100: "nearly all"}.get(tens, f"about {tens}%")
    if filling:
        what = f"what was filled is invented, {about} of it far off"
        return f"{what}, going by {draws} draws and how deep it lies: the map shows where"
    return f"{about} of the picture is a guess, going by {draws} draws: the map shows where"


def _stdout() -> BinaryIO:
    """Return standard output.

    Raises:
        OutputError: If it is closed.
    """
    if sys.stdout is None:
        raise OutputError(
            "standard output is closed", hint="> /dev/null takes what nobody is to read"
        )
    return sys.stdout.buffer


def _put(data: bytes) -> None:
    """Write to standard output.

    Raises:
        OutputError: If it takes no more; a reader that closed a pipe is another matter.
    """
    stdout = _stdout()
    try:
        stdout.write(data)
        stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {reason_of(error)}") from error
