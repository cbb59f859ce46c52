"""Masks as `restore inpaint` takes them: of every kind, one by one and in folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Ran, scene
from masked import FAKE, FILLED, changed, mask_at, picture
from PIL import Image
from ran import is_one_error, pixels, record_of, said

Run = Callable[..., Ran]

pytestmark = pytest.mark.usefixtures("mender")


# Masks of every kind


def test_masks_of_every_kind_say_the_same(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    white = FILLED.astype(np.uint8) * 255
    clear = np.dstack([np.full((60, 80), 255, np.uint8), white])  # transparent, whatever its colour
    kinds = {
        "8.png": Image.fromarray(white),
        "1.png": Image.fromarray(white).convert("1"),
        "p.png": Image.fromarray(white).convert("P"),
        "rgb.png": Image.fromarray(white).convert("RGB"),
        "la.png": Image.fromarray(clear, "LA"),
        "16.png": Image.fromarray(FILLED.astype(np.uint16) * 65535),
        "1.tif": Image.fromarray(white).convert("1"),
        "16.tif": Image.fromarray(FILLED.astype(np.uint16) * 65535),
        "8.webp": Image.fromarray(white).convert("RGB"),
    }
    results = {}
    for name, mask in kinds.items():
        mask.save(tmp_path / name, **({"lossless": True} if name == "8.webp" else {}))
        out = tmp_path / f"out-{name}.png"
        ran = run("inpaint", before, "--mask", tmp_path / name, "-o", out, *FAKE)
        assert ran.exit_code == 0, (name, ran.stderr)
        results[name] = pixels(out)
    for name, result in results.items():
        assert np.array_equal(result, results["8.png"]), name
    assert np.array_equal((results["8.png"] != pixels(before)).any(2) | FILLED, FILLED)


def test_a_mask_in_jpeg_fills_what_is_nearly_white(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    Image.fromarray(FILLED.astype(np.uint8) * 255).save(tmp_path / "m.jpg", quality=80)
    assert run("inpaint", before, "--mask", tmp_path / "m.jpg", *FAKE).exit_code == 0
    differs = changed(before, tmp_path / "a.inpainted.png")
    assert not differs[:18].any()
    assert not differs[25:].any()
    assert differs[FILLED].mean() > 0.9


def test_a_mask_is_as_large_as_the_upright_photo(tmp_path: Path, run: Run) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    Image.fromarray(scene(80, 60)).save(tmp_path / "a.png", exif=exif)
    ran = run("inpaint", tmp_path / "a.png", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    assert ran.exit_code == 0, ran.stderr
    assert not changed(tmp_path / "a.png", tmp_path / "a.inpainted.png")[~FILLED].any()


def test_a_mask_of_another_size_is_refused(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    ran = run("inpaint", before, "--mask", mask_at(tmp_path / "m.png", (60, 81)), *FAKE)
    assert is_one_error(ran, 2)
    assert "mask m.png is 81 x 60 pixels, the photo is 80 x 60" in ran.stderr
    assert not (tmp_path / "a.inpainted.png").exists()


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_an_empty_mask_gives_the_same_pixels_and_a_notice(
    tmp_path: Path, run: Run, name: str
) -> None:
    before = picture(tmp_path / name)
    mask = mask_at(tmp_path / "m.png", rows=(0, 0))
    ran = run("inpaint", before, "--mask", mask, "--write-mask", *FAKE)
    assert ran.exit_code == 0
    assert "note: " in ran.stderr
    assert "m.png is empty: nothing is filled" in ran.stderr
    assert "coloured" not in ran.stderr
    after = tmp_path / "a.inpainted.png"
    assert not changed(before, after).any()
    assert record_of(after)["filled"]["pixels"] == 0
    assert not pixels(tmp_path / "a.inpainted.png.mask.png").any()
    if name == "a.png":
        assert after.read_bytes() == before.read_bytes()


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (200, 0, 0, 255)], ids=str)
def test_a_mask_that_is_coloured_is_not_only_called_empty(
    tmp_path: Path, run: Run, colour: tuple[int, ...]
) -> None:
    before = picture(tmp_path / "a.png")
    drawn = np.zeros((60, 80, len(colour)), np.uint8)
    drawn[FILLED] = colour
    Image.fromarray(drawn).save(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", tmp_path / "m.png", *FAKE)
    assert ran.exit_code == 0
    assert "m.png is empty: nothing is filled" in ran.stderr
    assert "it is coloured, not white" in ran.stderr


def test_a_mask_whose_colour_cannot_be_seen_is_empty(tmp_path: Path, run: Run) -> None:
    drawn = np.zeros((60, 80, 4), np.uint8)
    drawn[FILLED] = (255, 0, 0, 0)
    Image.fromarray(drawn).save(tmp_path / "m.png")
    ran = run("inpaint", picture(tmp_path / "a.png"), "--mask", tmp_path / "m.png", *FAKE)
    assert "m.png is empty: nothing is filled" in ran.stderr
    assert "coloured" not in ran.stderr


def test_a_full_mask_is_refused(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    Image.fromarray(np.full((60, 80), 255, np.uint8)).save(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", tmp_path / "m.png", *FAKE)
    assert is_one_error(ran, 2)
    assert "covers the whole photo" in ran.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "Missing option '--mask'"),
        (("--mask", "gone.png"), "'gone.png' is not auto, not a file and not a folder"),
        (("--mask", "m" * 300), "mmm' is not auto, not a file and not a folder"),
        (("--mask", ""), "is not auto"),
        (("--mask", "m.png", "--threshold", "0"), "1<=x<=255"),
        (("--mask", "m.png", "--threshold", "256"), "1<=x<=255"),
        (("--mask", "m.png", "--grow", "-1"), "0<=x<=200"),
        (("--mask", "m.png", "-o", "-", "--write-mask"), "output file"),
        (("--mask", "m.png", "--backend", "identity", "--confidence"), "no --confidence"),
        (("--mask", "m.png", "--backend", "autoencoder"), None),
    ],
)
def test_bad_settings_are_refused(
    tmp_path: Path,
    run: Run,
    words: tuple[str, ...],
    complaint: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = picture(tmp_path / "a.png")
    mask_at(tmp_path / "m.png")
    ran = run("inpaint", before, *words, *(() if "--backend" in words else FAKE))
    assert ran.exit_code == (2 if complaint else 7), ran
    assert (complaint or "cannot inpaint") in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "m.png"]


def test_a_mask_that_is_no_picture_is_named(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    (tmp_path / "m.png").write_text("no picture")
    ran = run("inpaint", before, "--mask", tmp_path / "m.png", *FAKE)
    assert is_one_error(ran, 3)
    assert "mask m.png: this is not a JPEG, PNG, WebP or TIFF" in ran.stderr


# Folders


def test_masks_of_a_folder_are_matched_by_name(tmp_path: Path, run: Run) -> None:
    for name in ("a.jpg", "b.png", "1950/a.jpg"):
        picture(tmp_path / "scans" / name)
    mask_at(tmp_path / "masks/a.tif", rows=(5, 8))
    mask_at(tmp_path / "masks/b.png", rows=(10, 13))
    mask_at(tmp_path / "masks/1950/a.png", rows=(15, 18))
    words = ("--recursive", "--mask", tmp_path / "masks", "-o", tmp_path / "out", *FAKE)
    ran = run("inpaint", tmp_path / "scans", *words)
    assert ran.exit_code == 0, ran.stderr
    for name, top in (("a.jpg", 5), ("b.png", 10), ("1950/a.jpg", 15)):
        after = (tmp_path / "out" / name).with_suffix(".inpainted.png")
        rows = np.flatnonzero(changed(tmp_path / "scans" / name, after).any(1))
        assert set(rows) == {top, top + 1, top + 2}


def test_a_photo_without_a_mask_fails_alone(tmp_path: Path, run: Run) -> None:
    for name in ("a.jpg", "b.png"):
        picture(tmp_path / "scans" / name)
    mask_at(tmp_path / "masks/a.png")
    words = ("--mask", tmp_path / "masks", "-o", tmp_path / "out", *FAKE)
    ran = run("inpaint", tmp_path / "scans", *words)
    assert ran.exit_code == 8
    assert said(ran, "error: ") == [
        f"error: {tmp_path}/scans/b.png: no mask for it in {tmp_path}/masks"
    ]
    assert (tmp_path / "out/a.inpainted.png").exists()
    assert run("inpaint", tmp_path / "scans/b.png", *words).exit_code == 2
    planned = run("inpaint", tmp_path / "scans", *words, "--dry-run", "--json")
    lines = [json.loads(line) for line in planned.stdout.splitlines()]
    assert {line["status"] for line in lines} == {"failed", "skipped"}


def test_masks_that_no_photo_has_are_noted(tmp_path: Path, run: Run) -> None:
    picture(tmp_path / "scans/a.jpg")
    for name in ("a.png", "b.png", "c.tif", "1950/a.png"):
        mask_at(tmp_path / "masks" / name)
    words = ("inpaint", tmp_path / "scans", "--mask", tmp_path / "masks", *FAKE)
    ran = run(*words, "--dry-run")
    note = f"note: masks that no photo has, as {tmp_path}/masks/b.png: 2, left alone"
    assert said(ran, "note: ") == [note]
    assert run(*words, "--dry-run", "--quiet").stderr == ""
    (tmp_path / "masks/b.png").unlink()
    (tmp_path / "masks/c.tif").unlink()
    assert run(*words, "--dry-run").stderr == ""


def test_results_among_the_masks_are_not_noted(tmp_path: Path, run: Run) -> None:
    before, mask, out = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png"), tmp_path / "out"
    words = ("inpaint", before, "-o", f"{out}/", "--write-mask", *FAKE)
    assert run(*words, "--mask", mask).exit_code == 0
    again = run("inpaint", before, "-o", tmp_path / "b.png", "--mask", out, *FAKE)
    assert again.exit_code == 0, again.stderr
    assert said(again, "note: ") == []


def test_one_mask_for_several_photos_is_noted(tmp_path: Path, run: Run) -> None:
    for name in ("a.jpg", "b.png"):
        picture(tmp_path / "scans" / name)
    mask = mask_at(tmp_path / "m.png")
    ran = run("inpaint", tmp_path / "scans", "--mask", mask, *FAKE, "--dry-run")
    assert said(ran, "note: ") == ["note: one mask, m.png, for 2 photos"]
    alone = run("inpaint", tmp_path / "scans/a.jpg", "--mask", mask, *FAKE, "--dry-run")
    assert alone.stderr == ""


def test_two_masks_for_one_photo_are_refused(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.jpg")
    mask_at(tmp_path / "masks/a.png")
    mask_at(tmp_path / "masks/a.tif")
    ran = run("inpaint", before, "--mask", tmp_path / "masks", *FAKE)
    assert is_one_error(ran, 2)
    assert "more than one mask for it: a.png and a.tif" in ran.stderr


def test_the_photos_whole_name_wins(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    mask_at(tmp_path / "masks/a.png", rows=(5, 8))
    mask_at(tmp_path / "masks/a.tif", rows=(30, 33))
    assert run("inpaint", before, "--mask", tmp_path / "masks", *FAKE).exit_code == 0
    rows = np.flatnonzero(changed(before, tmp_path / "a.inpainted.png").any(1))
    assert set(rows) == {5, 6, 7}


def test_masks_are_not_taken_for_photos(tmp_path: Path, run: Run) -> None:
    picture(tmp_path / "scans/a.jpg")
    mask_at(tmp_path / "scans/masks/a.png")
    words = ("--recursive", "--mask", tmp_path / "scans/masks", "-o", tmp_path / "out", *FAKE)
    ran = run("inpaint", tmp_path / "scans", *words)
    assert ran.exit_code == 0, ran.stderr
    assert "masks among the photos: 1, left out" in ran.stderr
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["a.inpainted.png"]
    alone = run("inpaint", tmp_path / "m.png", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    assert alone.exit_code == 2
    assert "what was named is the mask" in alone.stderr


def test_a_piped_photo_needs_a_masks_file(tmp_path: Path, run: Run) -> None:
    before = picture(tmp_path / "a.png")
    mask_at(tmp_path / "masks/a.png")
    ran = run("inpaint", "-", "--mask", tmp_path / "masks", *FAKE, stdin=before.read_bytes())
    assert ran.exit_code == 2
    assert "has no name" in ran.stderr


@pytest.mark.parametrize("words", [(), ("--overwrite",)])
def test_a_mask_is_never_written_over(tmp_path: Path, run: Run, words: tuple[str, ...]) -> None:
    before, mask = picture(tmp_path / "a.jpg"), mask_at(tmp_path / "a.inpainted.png")
    held = mask.read_bytes()
    ran = run("inpaint", before, "--mask", mask, *FAKE, *words)
    assert is_one_error(ran, 4)
    assert "is a mask in use" in ran.stderr
    piped = run("inpaint", "-", "-o", mask, "--mask", mask, *FAKE, *words,
                stdin=before.read_bytes())  # fmt: skip
    assert piped.exit_code == 4
    assert mask.read_bytes() == held
