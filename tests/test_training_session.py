"""The loop that every training shares: when it stops, what it saves, what it reports."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import nn

from training import session
from training.averaging import Averaged

CPU = torch.device("cpu")
NOTHING: Mapping[int, Callable[[], None]] = {}


class Counting:
    """A run that counts its batches, and notes what was asked of it."""

    def __init__(self, minutes: float = 60, at: Mapping[int, Callable[[], None]] = NOTHING) -> None:
        self.step, self.seconds, self.seen = 0, 0.0, 0
        self.minutes, self.at = minutes, at
        self.total = 0
        self.asked: list[str] = []

    @property
    def progress(self) -> float:
        return self.seconds / (60 * self.minutes)

    @property
    def side(self) -> int:
        return 32 if self.progress < 0.5 else 64

    def advance(self, batch: int) -> dict[str, float]:
        self.at.get(self.step, lambda: None)()
        self.step += 1
        self.seen += 500_000
        self.total += batch
        return {"even" if batch % 2 == 0 else "odd": float(batch)}

    def measure(self) -> dict[str, float]:
        self.asked.append(f"measure {self.step}")
        return {"quality": self.step / 3}

    def state(self) -> dict[str, Any]:
        self.asked.append(f"save {self.step}")
        return {"clock": (self.step, self.seconds, self.seen), "total": self.total}

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.seconds, self.seen = state["clock"]
        self.total = state["total"]

    def save_weights(self, path: Path) -> None:
        path.write_text(str(self.total))


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every step take so many seconds: `tick(20)`."""

    def set_to(seconds: float) -> None:
        clock = itertools.count(step=seconds)
        looks = SimpleNamespace(monotonic=lambda: next(clock))
        monkeypatch.setattr(session, "time", looks)

    return set_to


def trained(run: Counting, out: Path, minutes: float | None = None) -> list[dict[str, float]]:
    """Train, from batch number `run.step` on; return the lines of the curve."""
    session.train(
        *(run, itertools.count(run.step), out, "counted.txt"),
        session_minutes=minutes,
        measuring_minutes=10,
    )
    return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]


def test_training_ends_with_its_budget(
    tmp_path: Path, tick: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    tick(20)
    run = Counting(minutes=6)
    lines = trained(run, tmp_path)
    assert run.step == 18
    assert (tmp_path / "counted.txt").read_text() == str(sum(range(18)))
    assert lines[-1]["quality"] == 6
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == lines


def test_a_line_says_how_far_it_is_and_the_mean_of_its_losses(
    tmp_path: Path, tick: Callable[[float], None]
) -> None:
    tick(25)
    lines = trained(Counting(minutes=5), tmp_path)
    # Three steps of 25 seconds, batches 0, 1 and 2; the losses of batches differ in name.
    first = {"minute": 1.25, "step": 3, "megapixels": 1.5, "side": 32, "even": 1, "odd": 1}
    assert lines[0] == first
    assert lines[1] == {**first, "minute": 2.5, "step": 6, "megapixels": 3, "side": 64} | {
        "even": 4,
        "odd": 4,
    }


def test_a_session_ends_after_its_minutes_and_the_next_goes_on(
    tmp_path: Path, tick: Callable[[float], None]
) -> None:
    tick(20)
    first = Counting(minutes=6)
    assert not session.resume(first, tmp_path, CPU)
    assert trained(first, tmp_path, minutes=2)[-1]["step"] == 6
    second = Counting(minutes=6)
    assert session.resume(second, tmp_path, CPU)
    assert (second.step, second.seconds, second.total) == (6, 120, sum(range(6)))
    assert trained(second, tmp_path, minutes=1)[-1]["step"] == 9
    third = Counting(minutes=6)
    assert session.resume(third, tmp_path, CPU)
    assert trained(third, tmp_path)[-1]["step"] == 18
    assert third.total == sum(range(18))


def test_a_run_whose_time_is_up_takes_no_step(
    tmp_path: Path, tick: Callable[[float], None]
) -> None:
    tick(20)
    trained(Counting(minutes=2), tmp_path)
    again = Counting(minutes=2)
    session.resume(again, tmp_path, CPU)
    assert trained(again, tmp_path)[-1]["step"] == 6


def test_sigterm_stops_after_its_step_and_saves_before_it_measures(
    tmp_path: Path, tick: Callable[[float], None]
) -> None:
    tick(1)
    handler = signal.getsignal(signal.SIGTERM)
    run = Counting(at={4: lambda: os.kill(os.getpid(), signal.SIGTERM)})
    lines = trained(run, tmp_path)
    assert run.asked == ["save 5", "measure 5"]
    assert lines[-1]["step"] == 5
    again = Counting()
    assert session.resume(again, tmp_path, CPU)
    assert again.step == 5
    assert signal.getsignal(signal.SIGTERM) is handler


def test_the_signal_is_given_back_after_an_error(
    tmp_path: Path, tick: Callable[[float], None]
) -> None:
    tick(1)

    def fail() -> None:
        raise ZeroDivisionError

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError):
        trained(Counting(at={2: fail}), tmp_path)
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.parametrize("seconds", [7, 61, 65, 110])
def test_it_saves_and_measures_as_often_as_it_should_however_long_a_step_is(
    tmp_path: Path, tick: Callable[[float], None], seconds: float
) -> None:
    tick(seconds)
    run = Counting(minutes=61)
    trained(run, tmp_path)
    assert sum(what.startswith("save") for what in run.asked) == 60 // session.SAVING_MINUTES + 1
    assert sum(what.startswith("measure") for what in run.asked) == 6 + 1


def test_a_save_that_fails_leaves_whole_files(
    tmp_path: Path, tick: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(20)
    trained(Counting(minutes=6), tmp_path, minutes=2)
    weights = (tmp_path / "counted.txt").read_text()

    def torn(self: Counting, path: Path) -> None:
        path.write_text("4")
        raise OSError("no space left")

    def unsaved(state: object, path: Path) -> None:
        path.write_bytes(b"PK")
        raise OSError("no space left")

    for place, name, broken in ((Counting, "save_weights", torn), (torch, "save", unsaved)):
        run = Counting(minutes=6)
        session.resume(run, tmp_path, CPU)
        with monkeypatch.context() as patch:
            patch.setattr(place, name, broken)
            with pytest.raises(OSError, match="no space"):
                trained(run, tmp_path, minutes=1)
        assert (tmp_path / "counted.txt").read_text() == weights
        again = Counting(minutes=6)
        assert session.resume(again, tmp_path, CPU)
        assert again.step == 9  # the checkpoint comes first, and the second run left it


def test_averaged_weights_are_saved_in_half_with_their_configuration(tmp_path: Path) -> None:
    net = nn.BatchNorm1d(2)
    nn.init.constant_(net.weight, 0.1)
    Averaged(net, power=4).save(tmp_path / "a.safetensors", {"widths": (3, 4)})
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["config"]) == {"widths": [3, 4]}
        assert torch.equal(file.get_tensor("weight"), torch.full((2,), 0.1).half())
        assert file.get_tensor("num_batches_tracked").dtype == torch.int64
