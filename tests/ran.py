"""What tests of the command look at: the files it leaves, its records, what it said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from conftest import Ran
from PIL import Image

Run = Callable[..., Ran]
Draw = Callable[..., Path]
Offer = Callable[[str], None]

IDENTITY = ("--backend", "identity")  # where it does not matter what is painted


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every picture below a folder."""
    files = [path for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".tif")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def tree(folder: Path) -> list[str]:
    """Return the files below a folder, but for the logs of runs."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if "restore-run-" not in name)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file's content and time."""
    return {
        name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns)
        for name in tree(folder)
    }


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def record_of(output: Path) -> dict[str, Any]:
    return json.loads(output.with_name(f"{output.name}.json").read_bytes())


def said(ran: Ran, start: str) -> list[str]:
    return [line for line in ran.stderr.splitlines() if line.startswith(start)]


def is_one_error(ran: Ran, code: int) -> bool:
    """Say whether a run failed with this code, one clear line, one hint and nothing else."""
    lines = ran.stderr.splitlines()
    kinds = [line.partition(": ")[0] for line in lines]
    return ran.exit_code == code and kinds == ["error", "hint"] and ran.stdout == b""


def refused(ran: Ran, code: int) -> list[str]:
    """Return the last two lines of a run that failed with this code: an error and its hint."""
    assert ran.exit_code == code, ran.stderr
    error, hint = ran.stderr.splitlines()[-2:]
    assert (error[:7], hint[:6]) == ("error: ", "hint: "), ran.stderr
    assert ran.stderr.count("error: ") == 1
    return [error, hint]
