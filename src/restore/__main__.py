"""Where the program begins and ends: `python -m restore`, and the command `restore`."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from .errors import ExitCode

PATIENCE = 5.0  #: seconds that the program is given to stop before it heeds another Ctrl-C


class Interrupts:
    """Raises KeyboardInterrupt for Ctrl-C, but not for the next ones while it is obeyed.

    They would cut short what stops the threads and takes away half-written files.
    """

    def __init__(self) -> None:
        self._heard: float | None = None

    @property
    def heard(self) -> bool:
        return self._heard is not None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._heard is None or now - self._heard > PATIENCE:
            self._heard = now
            raise KeyboardInterrupt


def start() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    interrupts = Interrupts()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not told to ignore it
        signal.signal(signal.SIGINT, interrupts)
    if sys.stderr is None:  # closed: what goes there is lost, and harms nothing
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        from .cli import main  # here, so that Ctrl-C is heard from the beginning

        main(prog_name="restore")
    except SystemExit as end:
        # Ctrl-C while options are parsed is code 1 to click.
        aborted = interrupts.heard and end.code == ExitCode.BUG
        _leave(ExitCode.INTERRUPTED if aborted else end.code)
    except BaseException:
        if not interrupts.heard:  # an import that it cuts short may raise anything
            sys.excepthook(*sys.exc_info())
            _leave(ExitCode.BUG)
    with suppress(OSError):
        sys.stderr.write("interrupted\n")
    _leave(ExitCode.INTERRUPTED)


def _leave(code: object) -> NoReturn:
    """End the process, and leave the interpreter as it is.

    After Ctrl-C, a closed pipe or a full disk, threads may still be inside torch. Python, when it
    shuts down, ends such a thread in the midst of C++, and that aborts the process. By now results
    and logs are closed, and what was written in part is taken away: nothing else needs a farewell.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # full, closed, or never there
            stream.flush()
    os._exit(code if isinstance(code, int) else ExitCode.OK if code is None else ExitCode.BUG)


if __name__ == "__main__":
    start()
