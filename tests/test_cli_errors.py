"""The command and failure: one clear line and a hint each, the others done, the right code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from conftest import scene
from PIL import Image
from ran import IDENTITY, Draw, Run, is_one_error, said

import restore
import restore.photo


def a_text(path: Path) -> None:
    path.write_text("This is not a photograph.\n")


def an_empty_file(path: Path) -> None:
    path.write_bytes(b"")


def encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene(60, 80)).save(stream, kind)
    return stream.getvalue()


def a_jpeg_cut_short(path: Path) -> None:
    data = encoded("JPEG")
    path.write_bytes(data[: len(data) // 2])


def a_png_cut_short(path: Path) -> None:
    data = encoded("PNG")
    path.write_bytes(data[: len(data) // 2])


def a_webp_cut_short(path: Path) -> None:
    data = encoded("WEBP")
    path.write_bytes(data[: len(data) // 2])


def a_tiff_cut_short(path: Path) -> None:
    data = encoded("TIFF")
    path.write_bytes(data[: len(data) // 2])


def several_pages(path: Path) -> None:
    tifffile.imwrite(path, np.stack([scene(60, 80), scene(60, 80, 1)]), photometric="minisblack")


def an_animation(path: Path) -> None:
    frames = [Image.fromarray(scene(60, 80, seed)).convert("RGB") for seed in range(3)]
    frames[0].save(path, "WEBP", save_all=True, append_images=frames[1:])


def nothing(path: Path) -> None:
    assert not path.exists()


BAD: Sequence[Callable[[Path], None]] = (
    a_text,
    an_empty_file,
    a_jpeg_cut_short,
    a_png_cut_short,
    a_webp_cut_short,
    a_tiff_cut_short,
    several_pages,
    an_animation,
    nothing,
)


@pytest.mark.parametrize("spoil", BAD)
def test_a_bad_photo_alone_is_one_line_and_a_hint(
    tmp_path: Path, run: Run, spoil: Callable[[Path], None]
) -> None:
    photo = tmp_path / "bad.jpg"
    spoil(photo)
    ran = run("colorize", photo, "-o", f"{tmp_path}/out/", *IDENTITY)
    assert is_one_error(ran, 3), ran
    assert said(ran, "error: ")[0].startswith(f"error: {photo}: ")
    assert not (tmp_path / "out").exists()


def test_bad_photos_among_good_ones(tmp_path: Path, draw: Draw, run: Run) -> None:
    good = [draw(f"in/good{n}.jpg", seed=n) for n in range(3)]
    for number, spoil in enumerate(BAD[:-1]):
        spoil(tmp_path / f"in/bad{number}.jpg")
    words = ("colorize", tmp_path / "in", tmp_path / "gone.jpg", "-o", tmp_path / "out", *IDENTITY)
    ran = run(*words, "--json", "--jobs", 3)
    assert ran.exit_code == 8
    assert len(said(ran, "error: ")) == len(said(ran, "hint: ")) == len(BAD)
    assert f"3 done, {len(BAD)} failed" in ran.stderr
    assert "Traceback" not in ran.stderr
    outputs = sorted((tmp_path / "out").glob("*.jpg"))
    assert [path.name for path in outputs] == [f"good{n}.colorized.jpg" for n in range(3)]
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    done = [line["input"] for line in lines if line["status"] == "done"]
    failed = [line for line in lines if line["status"] == "failed"]
    assert done == [str(path) for path in good]
    assert len(failed) == len(BAD)
    assert all(line["exit_code"] == 3 and line["message"] and line["hint"] for line in failed)
    assert run(*words, "--jobs", 3).exit_code == 8
    (log, _) = sorted((tmp_path / "out").glob("restore-run-*.jsonl"))
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert [event["event"] for event in events] == ["start", *["photo"] * 12, "end"]
    assert events[-1]["exit_code"] == 8


def test_no_photo_at_all(tmp_path: Path, run: Run) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    assert is_one_error(run("colorize", tmp_path), 3)
    assert is_one_error(run("colorize", tmp_path / "*.jpg"), 3)


def test_an_unreadable_folder(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("closed/a.jpg")
    scan = os.scandir

    def denied(path: str | Path) -> object:  # chmod does not bind root
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    ran = run("colorize", tmp_path / "closed")
    assert is_one_error(ran, 3)
    assert "closed: cannot be read: permission denied" in ran.stderr
    draw("a.jpg")
    assert run("colorize", tmp_path, "--recursive", *IDENTITY).exit_code == 8
    assert (tmp_path / "a.colorized.jpg").exists()


def test_a_folder_that_can_be_listed_and_no_more(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = draw("closed/a.jpg"), draw("closed/b.jpg")
    closed, good = tmp_path / "closed", draw("a.jpg")
    status, access = os.stat, os.access

    def denied(path: Any, *rest: Any, **named: Any) -> os.stat_result:
        if isinstance(path, str | Path) and Path(path).parent == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return status(path, *rest, **named)

    monkeypatch.setattr(os, "stat", denied)  # chmod does not bind root
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != closed and access(path, mode)
    )
    monkeypatch.setattr(os.path, "isfile", lambda path: Path(path).parent != closed)
    alone = run("colorize", closed, *IDENTITY)
    assert is_one_error(alone, 3)
    assert "closed: cannot be read: permission denied" in alone.stderr
    assert is_one_error(run("colorize", f"{closed}/*.jpg", *IDENTITY), 3)
    assert run("colorize", closed, good, *IDENTITY).exit_code == 8
    assert run("colorize", *inside, *IDENTITY).exit_code == 3


@pytest.mark.parametrize("target", ["gone.jpg", "link.jpg"])
def test_a_link_in_a_folder_that_leads_nowhere(
    tmp_path: Path, draw: Draw, run: Run, target: str
) -> None:
    (tmp_path / "in").mkdir()
    link = tmp_path / "in/link.jpg"
    link.symlink_to(target)
    (tmp_path / "in/notes.txt").symlink_to("gone.txt")
    alone = run("colorize", tmp_path / "in", *IDENTITY)
    assert is_one_error(alone, 3)
    assert f"error: {link}: a link to a file that is not there" in alone.stderr
    draw("in/a.jpg")
    ran = run("colorize", f"{tmp_path}/in/*", "-o", f"{tmp_path}/out/", *IDENTITY)
    assert ran.exit_code == 8
    assert len(said(ran, "error: ")) == 1


@pytest.mark.parametrize("output", ["a.jpg/", "a.jpg/b.jpg", "out.bmp", "/dev/full"])
def test_an_output_that_cannot_be(tmp_path: Path, draw: Draw, run: Run, output: str) -> None:
    photo = draw("a.jpg")
    path = os.path.join(tmp_path, output)  # noqa: PTH118 - keeps the last stroke
    assert is_one_error(run("colorize", photo, "-o", path, *IDENTITY), 4)
    if not output.endswith("/"):  # the same from a pipe
        ran = run("colorize", "-", "-o", path, *IDENTITY, stdin=photo.read_bytes())
        assert is_one_error(ran, 4)
    assert not Path("/dev/full").is_file()


@pytest.mark.parametrize("length", [255, 243])  # with it the output, or the record
def test_a_name_too_long_stops_no_other(tmp_path: Path, draw: Draw, run: Run, length: int) -> None:
    long = draw("drawn.jpg").rename(tmp_path / ("x" * (length - 4) + ".jpg"))
    ran = run("colorize", long, draw("a.jpg"), *IDENTITY)
    assert ran.exit_code == 8, ran
    assert f"error: {long}: " in ran.stderr
    assert "too long a name" in ran.stderr
    for output in (f"{'y' * 300}.jpg", f"{'y' * 300}/", f"{'y' * 300}/a/b.jpg"):
        for words in ((), ("-n",)):
            ran = run("colorize", long, "-o", tmp_path / output, *words)
            assert is_one_error(ran, 4), ran
    assert run("colorize", long, "-o", tmp_path / "short.jpg", *IDENTITY).exit_code == 0


def test_a_folder_without_permission(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # chmod does not bind root
    assert is_one_error(run("colorize", draw("a.jpg"), *IDENTITY), 4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["pipe.jpg", "/dev/zero"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, run: Run, name: str) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    ran = run("colorize", tmp_path / name, "-o", f"{tmp_path}/out/", *IDENTITY)
    assert is_one_error(ran, 3), ran
    assert "not a file" in ran.stderr


@pytest.mark.parametrize("photos", [1, 3])
def test_a_full_disk(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch, photos: int
) -> None:
    names = [draw(f"in/{n}.jpg", seed=n) for n in range(photos)]

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = run("colorize", *names, "-o", f"{tmp_path}/out/", *IDENTITY)
    assert ran.exit_code == 4
    assert len(said(ran, "error: ")) == len(said(ran, "hint: ")) == photos
    assert "Traceback" not in ran.stderr
    left = [path.name for path in (tmp_path / "out").iterdir()]
    assert all(name.startswith("restore-run-") for name in left)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("victim", ["a.colorized.png", "a.colorized.png.json"])
def test_a_failed_write_leaves_the_files_of_before(
    draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch, earlier: bool, victim: str
) -> None:
    photo = draw("a.png")
    if earlier:
        assert run("colorize", photo, *IDENTITY, "--seed", 5).exit_code == 0
    before = {path.name: path.read_bytes() for path in photo.parent.iterdir()}
    rename = Path.replace

    def locked(path: Path, target: Path) -> Path:
        if target.name == victim and path.read_bytes() != before.get(victim):
            raise PermissionError(13, "Permission denied")  # as where a viewer holds it open
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", locked)
    ran = run("colorize", photo, *IDENTITY)
    assert is_one_error(ran, 4), ran
    assert victim in ran.stderr
    assert {path.name: path.read_bytes() for path in photo.parent.iterdir()} == before


def test_a_result_larger_than_the_limit_on_files_leaves_nothing(tmp_path: Path, draw: Draw) -> None:
    resource = pytest.importorskip("resource")
    photo = draw("a.png", 300, 400)
    ran = subprocess.run(
        [sys.executable, "-m", "restore", "colorize", str(photo), *IDENTITY],
        env={**os.environ, "PYTHONPATH": str(Path(restore.__file__).parents[1])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 4, ran
    assert f"cannot write {tmp_path}/a.colorized.png: file too large" in ran.stderr
    assert "ulimit -f" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="this system has no /proc")
def test_a_folder_that_takes_no_files_is_the_reason(draw: Draw, run: Run) -> None:
    if not os.access("/proc", os.W_OK):
        pytest.skip("needs the rights of root")
    ran = run("colorize", draw("a.png"), "-o", "/proc/x.png", *IDENTITY)
    assert is_one_error(ran, 4), ran
    assert "cannot write /proc/x.png: its folder takes no new files" in ran.stderr


def test_a_log_that_cannot_be_continued_is_one_line(
    draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("restore.record.RunLog.add", full)
    ran = run("colorize", draw("a.jpg"), draw("b.jpg"), *IDENTITY)
    assert is_one_error(ran, 4)
    assert "log" in ran.stderr


def test_the_log_of_folders_apart_lies_with_an_output(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = draw("one/a.jpg"), draw("two/b.jpg")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path and access(path, mode))
    assert run("colorize", *photos, *IDENTITY).exit_code == 0
    assert not list(tmp_path.glob("restore-run-*"))
    assert len(list((tmp_path / "one").glob("restore-run-*"))) == 1


def test_the_log_of_folders_on_two_disks_lies_with_an_output(
    tmp_path: Path, draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_two(paths: Sequence[Path]) -> str:
        raise ValueError("Paths don't have the same drive")

    photos = draw("one/a.jpg"), draw("two/b.jpg")
    monkeypatch.setattr(os.path, "commonpath", on_two)
    assert run("colorize", *photos, *IDENTITY).exit_code == 0
    assert len(list((tmp_path / "one").glob("restore-run-*"))) == 1


def test_a_bomb_is_refused_by_its_header(draw: Draw, run: Run) -> None:
    ran = run("colorize", draw("a.png"), "--max-pixels", 1000)
    assert is_one_error(ran, 3)
    assert "4,800 pixels, more than 1,000" in ran.stderr
    assert "--max-pixels" in said(ran, "hint: ")[0]
