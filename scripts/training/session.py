"""A training run within a budget of wall-clock time: stopped at any moment, gone on with later."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
import numpy as np
import torch

Batch = TypeVar("Batch", contravariant=True)

SAVING_MINUTES = 5


class Run(Protocol[Batch]):
    """Everything a checkpoint holds, and the step that advances it."""

    step: int
    seconds: float
    seen: int  #: pixels

    @property
    def progress(self) -> float:
        """Return the share of the budget that is spent."""
        ...

    @property
    def side(self) -> int:
        """Return the side of the pictures that it learns from now, pixels."""
        ...

    def advance(self, batch: Batch, /) -> Mapping[str, float]:
        """Take one optimizer step; return its losses."""
        ...

    def measure(self) -> Mapping[str, float]:
        """Measure the averaged weights on photographs kept apart."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint held."""
        ...

    def save_weights(self, path: Path) -> None:
        """Write the averaged weights in half precision."""
        ...


def train(
    run: Run[Batch],
    batches: Iterator[Batch],
    out: Path,
    weights: str,
    *,
    session_minutes: float | None,
    measuring_minutes: int,
) -> None:
    """Train until the budget or the session is spent, or SIGTERM comes; then save.

    Args:
        run: Begun, or taken up from `OUT/checkpoint.pt` by `resume`.
        batches: Without end.
        out: A folder: checkpoint, weights, and the curve, a line a minute.
        weights: Name of their file.
        session_minutes: How long this call may take; None: as long as the budget lasts.
        measuring_minutes: Between two measurements.
    """
    started = time.monotonic() - run.seconds
    ends = float("inf") if session_minutes is None else run.seconds + 60 * session_minutes
    reported, losses = run.seconds, []
    with _sigterm() as stopped:
        while run.progress < 1 and run.seconds < ends and not stopped.is_set():
            losses.append(run.advance(next(batches)))
            run.seconds = time.monotonic() - started
            if run.seconds - reported > 60:
                if _passed(SAVING_MINUTES, reported, run.seconds):
                    _save(run, out, weights)
                due = _passed(measuring_minutes, reported, run.seconds)
                _report(run, losses, run.measure() if due else {}, out)
                reported, losses = run.seconds, []
        _save(run, out, weights)  # before measuring, which who asked it to stop may not wait for
        _report(run, losses, run.measure(), out)


@contextmanager
def _sigterm() -> Iterator[threading.Event]:
    """Note that SIGTERM came, instead of ending at once."""
    came = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: came.set())
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)


def _passed(minutes: int, before: float, now: float) -> bool:
    """Return whether a multiple of some minutes lies between two moments, in seconds.

    >>> [_passed(5, 290, now) for now in (299, 300, 640)]
    [False, True, True]
    """
    return now // (60 * minutes) > before // (60 * minutes)


def resume(run: Run[Any], out: Path, device: torch.device) -> bool:
    """Take up the checkpoint of a folder; return whether there was one."""
    checkpoint = out / "checkpoint.pt"
    if not checkpoint.exists():
        return False
    run.restore(torch.load(checkpoint, map_location=device, weights_only=True))
    return True


def _save(run: Run[Any], out: Path, weights: str) -> None:
    """Write the checkpoint and the weights as they stand, each whole or not at all."""
    part = out / "checkpoint.part"
    torch.save(run.state(), part)
    part.replace(out / "checkpoint.pt")
    part = out / f"{weights}.part"
    run.save_weights(part)
    part.replace(out / weights)


def _report(
    run: Run[Any], losses: list[Mapping[str, float]], measured: Mapping[str, float], out: Path
) -> None:
    """Print one line of the curve and append it to the file."""
    names = dict.fromkeys(name for loss in losses for name in loss)
    means = {name: np.mean([loss[name] for loss in losses if name in loss]) for name in names}
    line = {
        "minute": round(run.seconds / 60, 2),
        "step": run.step,
        "megapixels": round(run.seen / 1e6, 1),
        "side": run.side,
        **{name: round(float(mean), 5) for name, mean in means.items()},
        **{name: round(value, 4) for name, value in measured.items()},
    }
    click.echo(json.dumps(line))
    with (out / "curve.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
