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
import tifffile
from conftest import Ran, scene
from PIL import Image

from restore.backend import Task

Run = Callable[..., Ran]
Draw = Callable[..., Path]

IDENTITY = ("--backend", "identity")  # where it does not matter what is painted


def tree(folder: Path) -> list[str]:
    """Return the files below a folder, but for the logs of runs."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if "restore-run-" not in name)


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file's content and time."""
    return {
        name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns)
        for name in tree(folder)
    }


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def scans(tmp_path: Path, draw: Draw) -> Path:
    """A folder of three photos, one of them below another folder, and a text."""
    draw("scans/a.jpg", seed=1)
    draw("scans/b.png", seed=2)
    draw("scans/1950/a.jpg", seed=3)
    (tmp_path / "scans/notes.txt").write_text("not a photo")
    return tmp_path / "scans"


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


def test_the_second_run_has_nothing_to_do(
    scans: Path, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    words = ("colorize", scans, "--recursive", "--confidence", "--samples", 2, "--save-samples")
    assert run(*words).exit_code == 0
    before = state(scans)
    assert len(before) == 4 + 3 * 5  # photos and text; output, record, map and two samples each
    ran = run(*words)
    assert ran.exit_code == 0
    assert "0 done, 3 up to date" in ran.stderr
    assert state(scans) == before


def test_changed_settings_and_changed_photos_are_done_again(
    scans: Path, draw: Draw, run: Run
) -> None:
    assert run("colorize", scans, *IDENTITY).exit_code == 0
    first = state(scans)
    assert "2 done" in run("colorize", scans, *IDENTITY, "--seed", 7).stderr
    assert state(scans)["a.colorized.jpg"] != first["a.colorized.jpg"]
    draw("scans/a.jpg", seed=9)
    assert "1 done, 1 up to date" in run("colorize", scans, *IDENTITY, "--seed", 7).stderr


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("harm", ["cut", "empty", "gone"])
def test_a_damaged_output_is_made_again(draw: Draw, run: Run, harm: str, suffix: str) -> None:
    photo = draw(f"a.{suffix}")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    output = photo.with_name(f"a.colorized.{suffix}")
    whole = output.read_bytes()
    if harm == "gone":
        output.unlink()
    else:
        output.write_bytes(whole[: len(whole) // 2] if harm == "cut" else b"")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    assert output.read_bytes() == whole


def test_results_that_a_shell_named_are_no_photos(tmp_path: Path, draw: Draw, run: Run) -> None:
    draw("a.jpg")
    draw("b.jpg")
    for _ in range(3):
        ran = run("colorize", *sorted(tmp_path.glob("*.jpg")), *IDENTITY)
        assert ran.exit_code == 0, ran.stderr
    assert "named: 2, left out" in ran.stderr
    assert len(list(tmp_path.glob("*.jpg"))) == 4


def test_a_folder_of_results_alone_says_how_to_go_on(tmp_path: Path, draw: Draw, run: Run) -> None:
    draw(tmp_path / "in/photo.png")
    assert run("colorize", tmp_path / "in", "-o", tmp_path / "out/").exit_code == 0
    done = run("denoise", tmp_path / "out")
    assert done.exit_code == 3
    assert "a result of ours is taken if it is named alone" in done.stderr


def test_another_photos_result_is_not_replaced(tmp_path: Path, draw: Draw, run: Run) -> None:
    one, two, out = draw("one/a.jpg", seed=1), draw("two/a.jpg", seed=2), tmp_path / "out"
    assert run("colorize", one, "-o", f"{out}/", *IDENTITY).exit_code == 0
    kept = (out / "a.colorized.jpg").read_bytes()
    ran = run("colorize", two, "-o", f"{out}/", *IDENTITY)
    assert ran.exit_code == 4
    assert "the result of another photo" in ran.stderr
    assert (out / "a.colorized.jpg").read_bytes() == kept
    one.unlink()  # moved away: nothing says any more that these are two photos
    assert run("colorize", two, "-o", f"{out}/", *IDENTITY).exit_code == 0


def test_a_retouched_output_is_left_alone(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    output = photo.with_name("a.colorized.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    retouched = draw("a.colorized.jpg", seed=5).read_bytes()
    ran = run("colorize", photo, *IDENTITY)
    assert ran.exit_code == 4
    assert "changed after it was made" in ran.stderr
    assert output.read_bytes() == retouched
    assert run("colorize", photo, *IDENTITY, "--overwrite").exit_code == 0
    assert output.read_bytes() != retouched


def pages() -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((2, 8, 8), np.uint8), photometric="minisblack")
    return stream.getvalue()


def floats() -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((8, 8), np.float32))
    return stream.getvalue()


@pytest.mark.parametrize(
    "retouched",
    [pages(), floats(), b"GIF89a" + bytes(20), b"something else"],
    ids=["pages", "floats", "gif", "text"],
)
def test_a_retouched_output_that_we_cannot_read_is_left_alone(
    draw: Draw, run: Run, retouched: bytes
) -> None:
    photo = draw("a.tif")
    output = photo.with_name("a.colorized.tif")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    assert len(retouched) < output.stat().st_size
    output.write_bytes(retouched)
    for words in ((), ("--seed", 5)):
        ran = run("colorize", photo, *IDENTITY, *words)
        assert ran.exit_code == 4
        assert "changed after it was made" in ran.stderr
        assert output.read_bytes() == retouched
    assert run("colorize", photo, *IDENTITY, "--overwrite").exit_code == 0
    assert output.read_bytes() != retouched


SAVED = ("--confidence", "--samples", 2, "--save-samples")


@pytest.mark.parametrize("words", [SAVED, (*SAVED, "--seed", 5)])
@pytest.mark.parametrize("name", ["a.colorized.s1.jpg", "a.colorized.jpg.confidence.png"])
def test_a_retouched_companion_is_left_alone(
    draw: Draw, offer: Callable[[str], None], run: Run, name: str, words: tuple[object, ...]
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, *SAVED).exit_code == 0
    retouched = photo.with_name(name)
    retouched.write_bytes(b"retouched by its owner")
    before = state(photo.parent)
    ran = run("colorize", photo, *words)
    assert ran.exit_code == 4
    assert f"{retouched} was changed after it was made" in ran.stderr
    assert state(photo.parent) == before
    assert run("colorize", photo, *words, "--overwrite").exit_code == 0
    assert retouched.read_bytes() != b"retouched by its owner"


def test_a_missing_sample_is_made_again(draw: Draw, offer: Callable[[str], None], run: Run) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, *SAVED).exit_code == 0
    sample = photo.with_name("a.colorized.s1.jpg")
    whole = sample.read_bytes()
    for harm in (sample.unlink, lambda: sample.write_bytes(b"")):
        harm()
        assert run("colorize", photo, *SAVED).exit_code == 0
        assert sample.read_bytes() == whole


def test_what_an_earlier_run_saved_stays_and_is_no_photo(
    tmp_path: Path, draw: Draw, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    draw("a.jpg")
    assert run("colorize", tmp_path, *SAVED).exit_code == 0
    saved = state(tmp_path)
    beside = sorted(saved.keys() - {"a.jpg", "a.colorized.jpg", "a.colorized.jpg.json"})
    assert len(beside) == 3
    ran = run("colorize", tmp_path, "--seed", 5)
    assert ran.exit_code == 0
    assert "beside it, of an earlier result: a.colorized" in ran.stderr
    assert {name: state(tmp_path)[name] for name in beside} == {n: saved[n] for n in beside}
    record = json.loads((tmp_path / "a.colorized.jpg.json").read_bytes())
    assert record["companions"] == []
    assert sorted(one["name"] for one in record["left"]) == beside
    again = run("colorize", tmp_path, "--seed", 5)
    assert "up to date" in again.stderr
    assert "done" not in again.stderr.replace("0 done", "")
    # They are ours, so they may be replaced by new ones; what was retouched may not.
    assert run("colorize", tmp_path, *SAVED, "--seed", 6).exit_code == 0
    assert all(state(tmp_path)[name] != saved[name] for name in beside)
    assert run("colorize", tmp_path).exit_code == 0
    (tmp_path / "a.colorized.s1.jpg").write_bytes(b"retouched by its owner")
    assert run("colorize", tmp_path, "--seed", 7).exit_code == 0
    assert run("colorize", tmp_path, *SAVED).exit_code == 4
    assert tree(tmp_path) == sorted(saved)


def test_a_result_whose_record_is_gone_is_called_ours_and_stays(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    photo.with_name("a.colorized.jpg.json").unlink()
    before = state(photo.parent)
    ran = run("colorize", photo, *IDENTITY)
    assert ran.exit_code == 4
    assert "is a result of ours, but its record is gone" in ran.stderr
    assert "hint: put the record back" in ran.stderr
    assert state(photo.parent) == before


def test_without_its_record_a_map_is_still_no_photo(
    tmp_path: Path, draw: Draw, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, *SAVED).exit_code == 0
    photo.with_name("a.colorized.jpg.json").unlink()
    draw("mine.jpg.copy.png")  # of somebody's own photo
    draw("mine.jpg")
    ran = run("colorize", tmp_path, "-o", f"{tmp_path}/out/", "--dry-run", "--json")
    named = [Path(json.loads(line)["input"]).name for line in ran.stdout.splitlines()]
    assert named == ["a.jpg", "mine.jpg", "mine.jpg.copy.png"]
    assert ": 4, left out" in ran.stderr


@pytest.mark.parametrize("name", ["a.colorized.jpg", "a.colorized.jpg.json"])
def test_what_is_not_ours_is_not_written_over(draw: Draw, run: Run, name: str) -> None:
    photo = draw("a.jpg")
    foreign = photo.with_name(name)
    foreign.write_bytes(b"{}")
    ran = run("colorize", photo, *IDENTITY)
    assert ran.exit_code == 4
    assert f"error: {photo}: {foreign} exists and is not" in ran.stderr
    assert "--overwrite" in ran.stderr
    assert foreign.read_bytes() == b"{}"
    assert run("colorize", photo, *IDENTITY, "--overwrite").exit_code == 0
    assert pixels(photo.with_name("a.colorized.jpg")).shape == (60, 80, 3)


def test_a_companion_that_is_not_ours_is_not_written_over(
    draw: Draw, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    photo, foreign = draw("a.jpg"), draw("a.colorized.s0.jpg")
    before = foreign.read_bytes()
    ran = run("colorize", photo, "--save-samples")
    assert ran.exit_code == 4
    assert f"{foreign} exists and is not ours" in ran.stderr
    assert foreign.read_bytes() == before
    assert tree(photo.parent) == ["a.colorized.s0.jpg", "a.jpg"]


def test_skip_existing_leaves_what_is_there(draw: Draw, run: Run) -> None:
    photo, other = draw("a.jpg"), draw("b.jpg")
    foreign = photo.with_name("a.colorized.jpg")
    foreign.write_bytes(b"mine")
    photo.with_name("a.colorized.jpg.json").write_bytes(b"mine too")
    ran = run("colorize", photo, other, "--skip-existing", *IDENTITY)
    assert ran.exit_code == 0
    assert "1 done, 1 there already" in ran.stderr
    assert foreign.read_bytes() == b"mine"


def test_an_original_is_never_an_output(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    (tmp_path / "link.jpg").symlink_to(photo)
    before = state(tmp_path)
    for output in ("a.jpg", "link.jpg", "../" + tmp_path.name + "/a.jpg"):
        ran = run("colorize", photo, "-o", tmp_path / output, "--overwrite", *IDENTITY)
        assert ran.exit_code == 4
        assert "never written to" in ran.stderr
    assert state(tmp_path) == before


@pytest.mark.parametrize("beside", ["x.s0.jpg", "x.jpg.json", "x.jpg.confidence.png"])
def test_an_original_is_never_a_record_or_companion(
    tmp_path: Path, draw: Draw, run: Run, offer: Callable[[str], None], beside: str
) -> None:
    offer("Painter")
    photo = draw("drawn.png").rename(tmp_path / beside)
    before = photo.read_bytes()
    words = ("--save-samples", "--confidence", "--overwrite")
    ran = run("colorize", photo, "-o", tmp_path / "x.jpg", *words)
    assert ran.exit_code == 4
    assert "never written to" in ran.stderr
    assert tree(tmp_path) == [beside]
    assert photo.read_bytes() == before


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
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("a.jpg")
    ran = run("colorize", photo, "--samples", 5, *IDENTITY)
    assert ran.exit_code == 0
    assert "note: --samples 5 makes a difference with --save-samples" in ran.stderr
    assert json.loads((tmp_path / "a.colorized.jpg.json").read_bytes())["samples"] == 1
    assert "up to date" in run("colorize", photo, *IDENTITY).stderr
    saved = run("colorize", photo, "--samples", 2, "--save-samples", *IDENTITY)
    assert "makes a difference" not in saved.stderr
    assert (tmp_path / "a.colorized.s1.jpg").exists()


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
