"""The command and files: what it takes, what it writes and where, what it leaves alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import scene
from PIL import Image
from ran import IDENTITY, Draw, Run, pixels, state, tree

from restore.backend import Task


def test_the_result_lies_beside_the_photo_and_the_photo_is_untouched(draw: Draw, run: Run) -> None:
    photo = draw("photo.jpg")
    before = state(photo.parent)["photo.jpg"]
    ran = run("colorize", photo)
    assert ran.exit_code == 0
    assert ran.stdout == b""
    assert str(photo.with_name("photo.colorized.jpg")) in ran.stderr
    assert tree(photo.parent) == ["photo.colorized.jpg", "photo.colorized.jpg.json", "photo.jpg"]
    assert state(photo.parent)["photo.jpg"] == before
    output = photo.with_name("photo.colorized.jpg")
    assert pixels(output).shape == (60, 80, 3)
    record = json.loads(output.with_name("photo.colorized.jpg.json").read_bytes())
    assert record["input"]["sha256"] == hashlib.sha256(before[0]).hexdigest()
    assert record["output"]["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("output", "written"),
    [
        ("there", "there/a.colorized.jpg"),
        ("new/", "new/a.colorized.jpg"),
        ("deep/new/", "deep/new/a.colorized.jpg"),
        ("deep/name.png", "deep/name.png"),
    ],
)
def test_output_is_a_folder_or_a_file(
    tmp_path: Path, draw: Draw, run: Run, output: str, written: str
) -> None:
    (tmp_path / "there").mkdir()
    ran = run("colorize", draw("a.jpg"), "-o", f"{tmp_path}/{output}", *IDENTITY)
    assert ran.exit_code == 0
    assert tree(tmp_path) == sorted(["a.jpg", written, f"{written}.json"])


def test_several_photos_go_to_a_folder(tmp_path: Path, draw: Draw, run: Run) -> None:
    ran = run("colorize", draw("a.jpg"), draw("b.jpg"), "-o", tmp_path / "new", *IDENTITY)
    assert ran.exit_code == 0
    assert "2 done" in ran.stderr
    assert tree(tmp_path / "new")[::2] == ["a.colorized.jpg", "b.colorized.jpg"]


def test_a_folder_gives_its_own_level_and_recursive_mirrors_the_tree(
    scans: Path, tmp_path: Path, run: Run
) -> None:
    assert run("colorize", scans, "-o", tmp_path / "flat", *IDENTITY).exit_code == 0
    assert tree(tmp_path / "flat")[::2] == ["a.colorized.jpg", "b.colorized.png"]
    assert run("colorize", scans, "-o", tmp_path / "all", "--recursive", *IDENTITY).exit_code == 0
    assert tree(tmp_path / "all")[::2] == [
        "1950/a.colorized.jpg",
        "a.colorized.jpg",
        "b.colorized.png",
    ]


def test_a_pattern_that_no_shell_expanded(scans: Path, tmp_path: Path, run: Run) -> None:
    ran = run("colorize", f"{scans}/**/a.*", "-o", tmp_path / "out", *IDENTITY)
    assert ran.exit_code == 0
    assert tree(tmp_path / "out")[::2] == ["1950/a.colorized.jpg", "a.colorized.jpg"]


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("piped", [False, True])
def test_names_from_a_list(tmp_path: Path, draw: Draw, run: Run, null: bool, piped: bool) -> None:
    names = [str(draw("ä b.jpg")), str(draw("two\nlines.jpg" if null else "c.jpg"))]
    end = "\0" if null else "\n"
    data = "".join(name + end for name in names).encode()
    (tmp_path / "list").write_bytes(data)
    words = ["--files-from", "-" if piped else tmp_path / "list", *(["-0"] if null else [])]
    ran = run("colorize", *words, "-o", tmp_path / "out", *IDENTITY, stdin=data)
    assert ran.exit_code == 0, ran.stderr
    assert len(tree(tmp_path / "out")) == 4


def test_a_photo_through_pipes(run: Run) -> None:
    stream = io.BytesIO()
    Image.fromarray(scene(60, 80)).save(stream, "PNG")
    ran = run("colorize", "-", stdin=stream.getvalue())
    assert ran.exit_code == 0
    with Image.open(io.BytesIO(ran.stdout)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (80, 60), "RGB")
    assert run("colorize", "-", "-o", "-", stdin=stream.getvalue()).stdout == ran.stdout


def test_a_pipe_and_a_file(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    to_pipe = run("colorize", photo, "-o", "-")
    assert to_pipe.exit_code == 0
    from_pipe = run("colorize", "-", "-o", tmp_path / "b.jpg", stdin=photo.read_bytes())
    assert from_pipe.exit_code == 0
    assert run("colorize", photo).exit_code == 0
    # Neither the way in nor the way out is in the bytes.
    assert to_pipe.stdout == (tmp_path / "b.jpg").read_bytes()
    assert to_pipe.stdout == (tmp_path / "a.colorized.jpg").read_bytes()
    assert json.loads((tmp_path / "b.jpg.json").read_bytes())["input"]["name"] == "-"


def test_photos_that_would_share_an_output_are_refused_and_the_others_done(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    first, second = draw("one/a.jpg", seed=1), draw("two/a.jpg", seed=2)
    other, png = draw("one/b.jpg", seed=3), draw("one/a.png", seed=4)
    ran = run("colorize", first, second, other, png, "-o", tmp_path / "out", *IDENTITY)
    assert ran.exit_code == 8
    for photo, twin in ((first, second), (second, first)):
        assert f"error: {photo}: " in ran.stderr
        assert f"would also be the output of {twin}" in ran.stderr
    # The same name in two formats is two outputs.
    assert tree(tmp_path / "out")[::2] == ["a.colorized.png", "b.colorized.jpg"]
    alone = run("colorize", first, second, "-o", tmp_path / "out", *IDENTITY)
    assert alone.exit_code == 4


def test_a_photo_named_twice_is_done_once(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    ran = run("colorize", photo, photo.parent, f"{photo.parent}/./a.jpg", "--json", *IDENTITY)
    assert ran.exit_code == 0
    assert len(ran.stdout.splitlines()) == 1


def test_a_photo_with_the_name_of_another_format_keeps_its_own(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("drawn.png").rename(tmp_path / "photo.jpg")
    ran = run("colorize", photo, *IDENTITY)
    assert ran.exit_code == 0
    output = tmp_path / "photo.colorized.png"
    with Image.open(output) as picture:
        assert picture.format == "PNG"
    notice = "its name says JPEG, its content is PNG"
    assert f"note: {photo}: {notice}" in ran.stderr
    assert json.loads((tmp_path / f"{output.name}.json").read_bytes())["warnings"] == [notice]
    # Whoever names the output says what it is to be.
    asked = run("colorize", photo, "-o", tmp_path / "asked.jpg", *IDENTITY)
    assert notice in asked.stderr
    with Image.open(tmp_path / "asked.jpg") as picture:
        assert picture.format == "JPEG"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_a_result_parted_from_its_record_is_no_photo_of_a_folder(
    tmp_path: Path, draw: Draw, run: Run, name: str
) -> None:
    photo = draw(f"in/{name}")
    suffix = photo.suffix
    assert run("colorize", photo, "-o", tmp_path / f"out{suffix}", *IDENTITY).exit_code == 0
    renamed = (tmp_path / f"out{suffix}").rename(photo.with_name(f"best{suffix}"))
    ran = run("colorize", photo.parent, "--json", *IDENTITY)
    assert ran.exit_code == 0
    assert [json.loads(line)["input"] for line in ran.stdout.splitlines()] == [str(photo)]
    assert f"results of ours without their record, as {renamed}: 1, left out" in ran.stderr
    assert run("colorize", renamed, photo, *IDENTITY).exit_code == 0
    assert renamed.with_name(f"best.colorized{suffix}").exists()
    photo.unlink()
    for path in photo.parent.glob(f"*.colorized{suffix}*"):
        path.unlink()
    alone = run("colorize", photo.parent, *IDENTITY)
    assert alone.exit_code == 3
    assert f"hint: {renamed} is a result of ours" in alone.stderr


@pytest.mark.parametrize(
    ("command", "fake", "option", "part"),
    [
        ("colorize", "Painter", "--confidence", "confidence"),
        ("denoise", "Smoother", "--removed", "noise"),
    ],
)
def test_measurements_in_a_record_have_the_digits_that_mean_something(
    draw: Draw,
    run: Run,
    offer: Callable[..., None],
    command: str,
    fake: str,
    option: str,
    part: str,
) -> None:
    offer(fake, Task(command))
    photo = draw("a.png", 96, 128)
    assert run(command, photo, "--backend", "fake", option).exit_code == 0
    (path,) = photo.parent.glob("*.json")
    measured = json.dumps(json.loads(path.read_bytes())[part])
    digits = [len(fraction) for fraction in re.findall(r"\d\.(\d+)", measured)]
    assert 1 < max(digits) <= 4


def test_samples_that_would_be_thrown_away_are_not_drawn_and_it_is_said(
    tmp_path: Path, draw: Draw, run: Run, offer: Callable[..., None]
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    ran = run("colorize", photo, "--samples", 5, "--backend", "fake")
    assert ran.exit_code == 0
    assert "note: --samples 5 makes a difference with --save-samples" in ran.stderr
    assert json.loads((tmp_path / "a.colorized.jpg.json").read_bytes())["samples"] == 1
    assert "up to date" in run("colorize", photo, "--backend", "fake").stderr
    saved = run("colorize", photo, "--samples", 2, "--save-samples", "--backend", "fake")
    assert "makes a difference" not in saved.stderr
    assert (tmp_path / "a.colorized.s1.jpg").exists()
    none = run("colorize", photo, "--samples", 5, "--overwrite", *IDENTITY)
    assert "note: backend 'identity' draws no samples" in none.stderr


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="this system has no /dev/fd")
def test_a_photo_from_a_pipe_that_a_shell_opened(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.png", 20, 20)
    reader, writer = os.pipe()
    try:
        os.write(writer, photo.read_bytes())  # less than a pipe holds
        os.close(writer)
        nowhere = run("colorize", f"/dev/fd/{reader}", *IDENTITY)
        folder = run("colorize", f"/dev/fd/{reader}", "-o", f"{tmp_path}/out/", *IDENTITY)
        ran = run("colorize", f"/dev/fd/{reader}", "-o", tmp_path / "out.png", *IDENTITY)
    finally:
        os.close(reader)
    for refused in (nowhere, folder):
        assert refused.exit_code == 4
        assert "a pipe has no name for its result\nhint: name one with -o" in refused.stderr
    assert ran.exit_code == 0, ran.stderr
    assert run("colorize", photo, "-o", tmp_path / "same.png", *IDENTITY).exit_code == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "same.png").read_bytes()
    record = json.loads((tmp_path / "out.png.json").read_bytes())
    assert record["input"]["path"] is None


def test_names_that_are_not_unicode(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.jpg").rename(tmp_path / os.fsdecode(b"\xff.jpg"))
    ran = run("colorize", photo, "--json", *IDENTITY)
    assert ran.exit_code == 0
    line = json.loads(ran.stdout)
    assert line["input"] == f"{tmp_path}/\\xff.jpg"
    assert line["record"]["input"]["name"] == "\\xff.jpg"
    other = draw("ä\N{GRINNING FACE}.jpg")
    lines = run("colorize", other, "--json", *IDENTITY).stdout
    assert json.loads(lines)["input"] == str(other)
    dry = run("colorize", photo, "--dry-run")
    assert dry.exit_code == 0
    assert b"\\xff.colorized.jpg" in dry.stdout
    planned = run("colorize", photo, "--dry-run", "--json")
    assert json.loads(planned.stdout)["input"] == f"{tmp_path}/\\xff.jpg"


def test_a_result_that_is_named_is_an_input_and_linked_to_its_own_source(
    draw: Draw, run: Run
) -> None:
    photo = draw("a.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    result = photo.with_name("a.colorized.jpg")
    assert run("colorize", result, *IDENTITY).exit_code == 0
    first = json.loads(photo.with_name("a.colorized.jpg.json").read_bytes())
    second = json.loads(photo.with_name("a.colorized.colorized.jpg.json").read_bytes())
    assert first["source"] is None
    assert second["source"]["fingerprint"] == first["fingerprint"]
    assert second["source"]["input_sha256"] == first["input"]["sha256"]


def test_samples_and_the_map(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.png")
    assert run("colorize", photo, "-o", tmp_path / "one.png").exit_code == 0
    words = ("--samples", 3, "--save-samples", "--confidence")
    assert run("colorize", photo, "-o", tmp_path / "three.png", *words).exit_code == 0
    three = (tmp_path / "three.png").read_bytes()
    assert (tmp_path / "three.s0.png").read_bytes() == three
    pictures = [
        pixels(tmp_path / f"{name}.png") for name in ("one", "three", "three.s1", "three.s2")
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert pixels(tmp_path / "three.png.confidence.png").shape == (60, 80)
    record = json.loads((tmp_path / "three.png.json").read_bytes())
    assert 0 <= record["confidence"]["guessed_share"] <= 1
    assert record["confidence"]["samples"] >= 8
    for one in record["companions"]:
        data = (tmp_path / one["name"]).read_bytes()
        assert one["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(record["companions"]) == 4
