"""Failures of backends and of the machine, one clear line each; bugs keep their traceback."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import fakes
import pytest
import torch
from ran import Draw, Offer, Run, is_one_error, said

from restore.backend import Outcome, Shown
from restore.errors import OutputError


@pytest.mark.parametrize("fake", ["NotANumber", "WrongShape"])
def test_a_backend_that_breaks_its_contract(draw: Draw, run: Run, offer: Offer, fake: str) -> None:
    offer(fake)
    photo = draw("a.jpg")
    assert is_one_error(run("colorize", photo), 7)
    assert [path.name for path in photo.parent.iterdir()] == ["a.jpg"]


def test_doubt_that_was_never_measured_is_refused_once(draw: Draw, run: Run, offer: Offer) -> None:
    offer("Hostile")
    ran = run("colorize", draw("a.jpg"), draw("b.jpg"), "--confidence")
    assert is_one_error(ran, 7), ran
    assert "how sure fake is was never measured" in ran.stderr
    assert "drop --confidence" in ran.stderr


@pytest.mark.parametrize(("fake", "side"), [("Painter", None), ("Hostile", 32)])
def test_chroma_of_tiles_and_pictures_of_whole_photos_are_refused_once(
    draw: Draw,
    run: Run,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    fake: str,
    side: int | None,
) -> None:
    offer(fake)
    monkeypatch.setattr(getattr(fakes, fake), "limits", fakes.Limits(short_side=side))
    ran = run("colorize", draw("a.jpg"), draw("b.jpg"))
    assert is_one_error(ran, 7), ran
    assert "fake must give" in ran.stderr
    assert "fault of the backend" in ran.stderr


def test_a_bug_keeps_its_traceback(draw: Draw, run: Run, offer: Offer) -> None:
    offer("Crashing")
    ran = run("colorize", draw("a.jpg"))
    assert ran.exit_code == 1
    assert "Traceback" in ran.stderr
    assert "ZeroDivisionError: a bug in a backend" in ran.stderr


def exhaust_memory() -> None:
    torch.empty(1 << 60, dtype=torch.uint8)


@pytest.mark.parametrize(("step", "what"), [("restore", "this photo"), ("load", "the model")])
def test_too_little_memory_on_a_cpu_is_one_line(
    draw: Draw, run: Run, offer: Offer, monkeypatch: pytest.MonkeyPatch, step: str, what: str
) -> None:
    offer("Painter")
    monkeypatch.setattr(fakes.Painter, step, lambda *_: exhaust_memory())
    ran = run("colorize", draw("a.jpg"))
    assert is_one_error(ran, 6), ran
    assert f"memory does not suffice for {what}" in ran.stderr


@pytest.mark.parametrize(
    ("error", "code"), [(SystemExit(0), 1), (MemoryError(), 6), (RuntimeError("a bug"), 1)]
)
def test_no_failure_ends_a_thread_in_silence(
    draw: Draw,
    run: Run,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    def fail(*_: object) -> Outcome:
        raise error

    offer("Painter")
    monkeypatch.setattr(fakes.Painter, "restore", fail)
    ran = run("colorize", draw("a.jpg"), draw("b.jpg"), "--jobs", 1)
    assert ran.exit_code == code
    assert len(said(ran, "error: ")) == 2


@pytest.mark.parametrize("error", [RuntimeError, OutputError, MemoryError])
def test_a_failure_leaves_nothing_of_its_photo_in_memory(
    draw: Draw, run: Run, offer: Offer, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    shown_before: list[weakref.ref[torch.Tensor]] = []
    alive: list[bool] = []

    def fail(self: fakes.Painter, shown: Shown, *rest: Any) -> Outcome:
        gc.collect()
        alive.extend(picture() is not None for picture in shown_before)
        shown_before.append(weakref.ref(shown.picture))
        try:
            raise ValueError("the cause")
        except ValueError as cause:
            raise error("a failure") from cause

    offer("Painter")
    monkeypatch.setattr(fakes.Painter, "restore", fail)
    ran = run("colorize", *(draw(f"{n}.jpg") for n in range(3)), "--jobs", 1)
    assert len(said(ran, "error: ")) == 3
    assert alive == [False] * 3


def test_a_bug_with_one_photo_spoils_no_other(
    draw: Draw, run: Run, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint = fakes.Painter.restore

    def only_wide(self: fakes.Painter, shown: Shown, *rest: Any) -> Outcome:
        if shown.picture.shape[-2] > shown.picture.shape[-1]:
            raise ZeroDivisionError("a bug with upright photos")
        return paint(self, shown, *rest)

    offer("Painter")
    monkeypatch.setattr(fakes.Painter, "restore", only_wide)
    photos = draw("a.jpg"), draw("b.jpg", 80, 60), draw("c.jpg")
    ran = run("colorize", *photos)
    assert ran.exit_code == 1
    assert ran.stderr.count("Traceback") == 1
    outputs = [path.with_name(f"{path.stem}.colorized.jpg").exists() for path in photos]
    assert outputs == [True, False, True]
