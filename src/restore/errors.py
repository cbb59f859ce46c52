"""Every failure a user can see, and the exit code a script can test.

    RestoreError
    ├── UsageError         the settings do not fit the photo                 2
    ├── InputError         the photo cannot be read or decoded               3
    ├── OutputError        the result cannot be written                      4
    ├── WeightsError       weights are absent, or not the locked ones        5
    ├── DeviceError        the device is unusable, or out of memory          6
    ├── BackendError       unknown, cannot run here, or broke its contract   7
    ├── VerificationError  what was made again is not what was there         9
    ├── RecipeError        a preset or recipe is invalid                    10
    └── LicenceError       the weights' licence was not accepted            11

0: all done, or already up to date. 8: some photos failed, the others are done. 130:
interrupted. 141: the reader of our pipe closed it. Codes 1 and 2 belong to Python and
click: a bug, with its traceback, and a usage error. The numbers are a stable interface.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns."""

    OK = 0
    BUG = 1
    USAGE = 2
    INPUT = 3
    OUTPUT = 4
    WEIGHTS = 5
    DEVICE = 6
    BACKEND = 7
    PARTIAL = 8
    VERIFICATION = 9
    RECIPE = 10
    LICENCE = 11
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class RestoreError(Exception):
    """A failure we can explain. `hint` says what the reader may do about it."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def failure(error: BaseException) -> dict[str, str | int]:
    """Return what programs are told of a failure of any kind, as JSON values by name."""
    explained = error if isinstance(error, RestoreError) else None
    return {
        "error": type(error).__name__,
        "message": str(error),
        "hint": explained.hint if explained else "",
        "exit_code": int(explained.exit_code if explained else ExitCode.BUG),
    }


class UsageError(RestoreError):
    """The settings do not fit the photo: what click cannot know before it is read."""

    exit_code = ExitCode.USAGE


class InputError(RestoreError):
    """The photo is absent, unreadable, damaged, or of a kind we do not read."""

    exit_code = ExitCode.INPUT


class OutputError(RestoreError):
    """The result cannot be written, or would harm a file that is not ours."""

    exit_code = ExitCode.OUTPUT


class WeightsError(RestoreError):
    """Weights are absent, unknown, or differ from `weights.lock`."""

    exit_code = ExitCode.WEIGHTS


class DeviceError(RestoreError):
    """The device does not exist, does not work, or has too little memory."""

    exit_code = ExitCode.DEVICE


class BackendError(RestoreError):
    """The backend is unknown, cannot do this task, or returned nonsense."""

    exit_code = ExitCode.BACKEND


class VerificationError(RestoreError):
    """A file is not what its record or lock says."""

    exit_code = ExitCode.VERIFICATION


class RecipeError(RestoreError):
    """A preset or recipe is invalid."""

    exit_code = ExitCode.RECIPE


class LicenceError(RestoreError):
    """The weights may be used only after their licence is accepted."""

    exit_code = ExitCode.LICENCE


def reason_of(error: OSError) -> str:
    """Return what the system says went wrong, as part of a sentence."""
    return (error.strerror or str(error)).lower()
