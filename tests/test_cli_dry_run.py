"""What a plan says, before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ran import IDENTITY, Draw, Run, state

import restore
import restore.photo


def test_dry_run_writes_nothing(scans: Path, tmp_path: Path, run: Run) -> None:
    before = state(tmp_path)
    words = ("colorize", scans, scans / "gone.jpg", "--recursive", "--dry-run")
    ran = run(*words, "-o", tmp_path / "out")
    assert ran.exit_code == 8
    assert ran.stdout.decode().splitlines() == [
        f"{scans}/1950/a.jpg -> {tmp_path}/out/1950/a.colorized.jpg",
        f"{scans}/a.jpg -> {tmp_path}/out/a.colorized.jpg",
        f"{scans}/b.png -> {tmp_path}/out/b.colorized.png",
    ]
    assert "error: " in ran.stderr
    lines = [json.loads(line) for line in run(*words, "--json").stdout.splitlines()]
    assert [line["status"] for line in lines] == ["failed", "planned", "planned", "planned"]
    assert state(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_dry_run_says_what_is_up_to_date_and_what_is_in_the_way(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    for seed, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        draw(f"in/{name}", seed=seed)
    folder, out = tmp_path / "in", tmp_path / "out"
    words = ("colorize", folder, "-o", f"{out}/", *IDENTITY)
    assert run(*words).exit_code == 0
    draw("in/b.jpg", seed=9)  # changed since
    for path in out.glob("c.*"):
        path.unlink()
    (out / "c.colorized.jpg").write_bytes(b"someone's")
    before = state(tmp_path)
    ran = run(*words, "--dry-run")
    assert ran.exit_code == 8
    assert ran.stdout.decode().splitlines() == [
        f"{out}/a.colorized.jpg: up to date",
        f"{folder}/b.jpg -> {out}/b.colorized.jpg",
    ]
    assert f"error: {folder}/c.jpg: {out}/c.colorized.jpg exists and is not ours" in ran.stderr
    lines = [json.loads(line) for line in run(*words, "--dry-run", "--json").stdout.splitlines()]
    assert [line["status"] for line in lines] == ["skipped", "planned", "failed"]
    assert lines[0]["reason"] == "up to date"
    assert state(tmp_path) == before
    other = run(*words, "--dry-run", "--seed", 7)
    assert "up to date" not in other.stdout.decode()


def test_a_plan_tells_programs_of_a_failure_what_the_run_tells(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    draw("in/a.jpg")
    (tmp_path / "in/a.colorized.jpg").write_bytes(b"someone's")
    words = ("colorize", tmp_path / "in/a.jpg", tmp_path / "gone.jpg", "--json", *IDENTITY)
    planned, done = (
        sorted(run(*words, *more).stdout.splitlines()) for more in (("--dry-run",), ())
    )
    assert planned == done
    assert {json.loads(line)["exit_code"] for line in planned} == {3, 4}
    assert all(json.loads(line)["hint"] for line in planned)


def test_a_plan_holds_no_commands_of_a_terminal(tmp_path: Path, run: Run) -> None:
    ran = run("colorize", f"{tmp_path}/\x1b]0;title.jpg", "--dry-run")
    assert ran.exit_code == 3
    assert "\x1b" not in ran.stderr
    assert "\\x1b]0;title.jpg: no such file" in ran.stderr


def test_a_plan_of_odd_names_is_a_line_a_photo(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    photo.rename(photo.with_name("two\nlines\x1b]0;title.jpg"))
    ran = run("colorize", photo.parent, "--dry-run")
    assert ran.exit_code == 0
    assert len(ran.stdout.splitlines()) == 1
    assert b"\x1b" not in ran.stdout
    assert b"two\\x0alines\\x1b]0;title.jpg -> " in ran.stdout


def test_a_dry_run_reads_no_photo_that_has_no_result(
    draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = draw("in/a.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    other = draw("in/b.jpg", seed=1)
    read = []
    content = restore.photo.content
    monkeypatch.setattr("restore.photo.content", lambda path: (read.append(path), content(path))[1])
    ran = run("colorize", photo.parent, "--dry-run", "--device", "cpu", *IDENTITY)
    assert ran.exit_code == 0, ran.stderr
    assert f"{other} -> " in ran.stdout.decode()
    assert read == [photo]
