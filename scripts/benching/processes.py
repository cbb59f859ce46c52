"""Fresh processes, and what they took. This module stays small: so does its process.

(On Linux a child's peak memory starts at what its parent held, so nothing heavy is imported.)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Report:
    """What `benching.child` says of one run of the command."""

    wall: float  #: seconds, from the end of the imports
    cpu: float  #: seconds of all threads, the same
    peak: int  #: bytes, imports included
    modules: list[str]
    sgemm: float  #: GFLOP per second of one core; 0 if not measured
    said: str  #: standard output of the command

    @property
    def gflop(self) -> float:
        """Processor time as what SGEMM would have done in it."""
        return self.cpu * self.sgemm


def python(*args: str) -> str:
    """Run Python with the scripts importable; return its standard output.

    Raises:
        subprocess.CalledProcessError: If it fails; its errors are on our standard error.
    """
    search = os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": search}
    command = [sys.executable, *args]
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def restore(args: Sequence[str], *flags: str) -> Report:
    """Run `restore ARGS` in a fresh process under `benching.child` with its own flags."""
    lines = python("-m", "benching.child", *flags, "--", *args).splitlines()
    return Report(**json.loads(lines[-1]))


def fastest(commands: Sequence[Sequence[str]], repeats: int) -> list[float]:
    """Return the least wall seconds of each command, run in turns: all meet the same noise."""
    best = [float("inf")] * len(commands)
    for _ in range(repeats):
        for index, command in enumerate(commands):
            start = time.perf_counter()
            python(*command)
            best[index] = min(best[index], time.perf_counter() - start)
    return best
