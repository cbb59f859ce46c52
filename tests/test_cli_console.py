"""What people see while a command runs: nothing, a line each, or progress."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from conftest import Ran
from PIL import Image

from restore.cli import main
from restore.cli.console import Console, guess_sentence

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


@pytest.mark.parametrize(
    ("share", "start"),
    [
        (0.0, "hardly any of the picture is a guess"),
        (0.31, "about 30% of the picture is a guess"),
        (0.38, "about 40% of the picture is a guess"),
        (0.98, "nearly all of the picture is a guess"),
    ],
)
def test_a_guess_is_told_as_roughly_as_it_is_known(share: float, start: str) -> None:
    assert guess_sentence(share, 8) == f"{start}, going by 8 draws: the map shows where"


@pytest.mark.parametrize(
    "command",
    [one for one in main.commands.values() if not isinstance(one, click.Group)],
    ids=lambda one: str(one.name),
)
def test_variables_of_the_environment_are_named_after_the_options(command: click.Command) -> None:
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert len(options) > 20
    for option in options:
        longest = max(option.opts, key=len)
        assert option.name == longest.removeprefix("--").replace("-", "_")


def test_options_from_the_environment(
    draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_COLORIZE_JSON", "1")
    monkeypatch.setenv("RESTORE_COLORIZE_HINT", "1,2=#ff0000 3,4=#00ff00")
    ran = run("colorize", draw("a.jpg"), *IDENTITY)
    assert ran.exit_code == 0
    hints = json.loads(ran.stdout)["record"]["options"]["hints"]
    assert hints == ["1,2=#ff0000", "3,4=#00ff00"]
