"""Settings that cannot be, or not together: usage errors, before any photo is read."""

from __future__ import annotations

from pathlib import Path

import click.testing
import pytest
from ran import IDENTITY, Draw, Run, is_one_error


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--backend", "difusion"), 7),
        (("--model", "nothing-v1"), 5),
        (("--model", "denoiser-v1"), 5),
        (("--model", "colorizer-v1", *IDENTITY), 5),
        (("--device", "cuda:99"), 6),
        (("--hint", "80,0=#ff0000"), 2),
        (("--hint", "0,60=#ff0000"), 2),
    ],
)
def test_settings_that_do_not_fit(draw: Draw, run: Run, words: tuple[str, ...], code: int) -> None:
    photo = draw("a.jpg")
    assert is_one_error(run("colorize", photo, *words), code)
    if words[0] != "--hint":  # whether it fits, only the photo can tell
        assert is_one_error(run("colorize", photo, *words, "--dry-run"), code)
    assert [path.name for path in photo.parent.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("model", ["nothing-v1", "denoiser-v1"])
def test_only_models_of_the_backend_are_named(draw: Draw, run: Run, model: str) -> None:
    ran = run("colorize", draw("a.jpg"), "--model", model)
    assert ran.stderr.splitlines() == [
        f"error: backend 'diffusion' has no model named {model!r}",
        "hint: known: colorizer-v1",
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "no photo given"),
        (("PHOTO", "-o", "-", "--json"), "standard output"),
        (("gone.jpg", "-o", "-", "--json"), "standard output"),
        (("-", "-o", "-", "--json"), "standard output"),
        (("PHOTO", "PHOTO/..", "-o", "-"), "one photo"),
        (("-", "-"), "one photo"),
        (("-", "--files-from", "-"), "standard input"),
        (("-", "PHOTO", "-o", "out/"), "standard input"),
        (("-", "-o", "out/"), "standard input"),
        (("PHOTO", "-0"), "--files-from"),
        (("",), "empty"),
        (("PHOTO", "-o", ""), "empty"),
        (("--files-from", "gone.txt"), "gone.txt"),
        (("PHOTO", "-o", "-", "--confidence"), "output file"),
        (("PHOTO", "-o", "-", "--save-samples"), "output file"),
        (("PHOTO", "OTHER", "--hint", "1,1=#ff0000"), "one photo"),
        (("PHOTO", "--hint", "red"), "X,Y=#RRGGBB"),
        (("PHOTO", "--hint", "-1,0=#ff0000"), "X,Y=#RRGGBB"),
        (("PHOTO", "--variety", "2"), "0<=x<=1"),
        (("PHOTO", "--samples", "0"), "--samples"),
        (("PHOTO", "--seed", "-1"), "--seed"),
        (("PHOTO", "--device", "gpu"), "auto|cpu|cuda"),
        (("PHOTO", "--precision", "int8"), "bf16"),
        (("PHOTO", "--overwrite", "--skip-existing"), "contradict"),
        (("PHOTO", "--confidence", *IDENTITY), "no --confidence"),
        (("PHOTO", "--samples", "2", "--save-samples", *IDENTITY), "draws no samples"),
        (("PHOTO", "--variety", "1", *IDENTITY), "no --variety"),
        (("PHOTO", "--colour"), "No such option"),
    ],
)
def test_what_cannot_be_combined_is_a_usage_error(
    tmp_path: Path, draw: Draw, run: Run, words: tuple[str, ...], complaint: str
) -> None:
    photo, other = draw("a.jpg"), draw("b.jpg", seed=1)
    named = {"PHOTO": str(photo), "PHOTO/..": str(photo.parent), "OTHER": str(other)}
    ran = run("colorize", *[named.get(word, word) for word in words], stdin=b"x")
    assert ran.exit_code == 2, ran
    assert complaint in ran.stderr
    assert ran.stdout == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "b.jpg"]


def test_a_terminal_is_no_photo(draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        click.testing._NamedTextIOWrapper, "isatty", lambda stream: stream.name == "<stdin>"
    )
    ran = run("colorize", "-", "-o", "-")
    assert ran.exit_code == 2
    assert "standard input is a terminal" in ran.stderr
