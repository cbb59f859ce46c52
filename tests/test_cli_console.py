"""What people see while a command runs: nothing, a line each, or progress."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran
from PIL import Image

from restore.cli.console import Console

Run = Callable[..., Ran]
Draw = Callable[..., Path]

IDENTITY = ("--backend", "identity")


def test_quiet_says_errors_alone(tmp_path: Path, draw: Draw, run: Run) -> None:
    colour = tmp_path / "colour.png"
    Image.effect_mandelbrot((80, 60), (-2, -1, 1, 1), 50).convert("RGB").save(colour)
    ran = run("colorize", draw("a.jpg"), colour, "-q", *IDENTITY)
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, b"", "")
    (tmp_path / "bad.jpg").write_text("no photo")
    ran = run("colorize", tmp_path / "a.jpg", tmp_path / "bad.jpg", "-q", *IDENTITY)
    assert ran.exit_code == 8
    assert [line.partition(": ")[0] for line in ran.stderr.splitlines()] == ["error", "hint"]


def test_verbose_says_how_long_each_stage_took(draw: Draw, run: Run) -> None:
    ran = run("colorize", draw("a.jpg"), "-v", *IDENTITY)
    assert "read " in ran.stderr
    assert " s" in ran.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "total", "quiet", "shown"),
    [
        (Terminal(), 3, False, True),
        (Terminal(), 1, False, False),
        (Terminal(), 3, True, False),
        (io.StringIO(), 3, False, False),
    ],
)
def test_progress_is_for_a_person_who_watches_several_photos(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, total: int, quiet: bool, shown: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    console = Console(as_json=False, quiet=quiet, verbose=False)
    with console.progress(total):
        pass
    assert ("photo" in stream.getvalue()) == shown
