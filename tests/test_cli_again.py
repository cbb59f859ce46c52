"""The command where something lies already: second runs, retouched and foreign files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from ran import IDENTITY, Draw, Run, is_one_error, pixels, state, tree


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


@pytest.mark.parametrize(
    "fewer",
    [(), ("--confidence",), ("--samples", 2, "--save-samples"), ("--save-samples",)],
    ids=["nothing", "map", "samples", "one sample"],
)
def test_what_was_made_besides_is_no_reason_to_do_it_again(
    draw: Draw, offer: Callable[[str], None], run: Run, fewer: tuple[object, ...]
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, *SAVED).exit_code == 0
    before = state(photo.parent)
    assert "up to date" in run("colorize", photo, *fewer).stderr
    assert b"up to date" in run("colorize", photo, *fewer, "--dry-run").stdout
    assert state(photo.parent) == before


def test_a_map_of_more_draws_is_another_map(
    draw: Draw, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, "--confidence", "--samples", 9).exit_code == 0
    assert "up to date" in run("colorize", photo).stderr
    assert "up to date" not in run("colorize", photo, "--confidence").stderr


def test_what_is_missing_of_what_is_wanted_is_made(
    draw: Draw, offer: Callable[[str], None], run: Run
) -> None:
    offer("Painter")
    photo = draw("a.jpg")
    assert run("colorize", photo, "--confidence").exit_code == 0
    photo.with_name("a.colorized.jpg.confidence.png").unlink()
    assert "up to date" in run("colorize", photo).stderr
    assert "up to date" not in run("colorize", photo, "--confidence").stderr
    assert photo.with_name("a.colorized.jpg.confidence.png").exists()
    assert "up to date" not in run("colorize", photo, "--save-samples").stderr
    assert photo.with_name("a.colorized.s0.jpg").exists()


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


@pytest.mark.parametrize("words", [(), ("--overwrite",), ("--seed", 5), ("-n",)])
def test_a_result_that_cannot_be_read_is_not_the_photos_fault(
    draw: Draw, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    photo = draw("a.png")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    output, before, whole = photo.with_name("a.colorized.png"), state(photo.parent), Path.open

    def denied(path: Path, *mode: Any, **options: Any) -> Any:  # chmod does not bind root
        if path == output:
            raise PermissionError(13, "Permission denied")
        return whole(path, *mode, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        ran = run("colorize", photo, *IDENTITY, *words)
    assert is_one_error(ran, 4), ran
    assert f"{output} cannot be read: permission denied" in ran.stderr
    assert state(photo.parent) == before
