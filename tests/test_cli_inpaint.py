"""`restore inpaint` as a user runs it, with backends that need no weights."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tifffile
from conftest import Ran, scene
from PIL import Image
from ran import is_one_error, pixels, record_of, said, state

from restore import files
from restore import photo as photos
from restore.backend import Task

Run = Callable[..., Ran]
Offer = Callable[..., None]

FAKE = ("--backend", "fake")


@pytest.fixture(autouse=True)
def mender(offer: Offer) -> None:
    offer("Mender", Task.INPAINT)


def picture(path: Path, size: tuple[int, int] = (60, 80), **how: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(scene(*size)[..., None].repeat(3, -1)).save(path, **how)
    return path


def mask_at(path: Path, size: tuple[int, int] = (60, 80), rows: tuple[int, int] = (20, 23)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size, np.uint8)
    values[slice(*rows), 10:70] = 255
    Image.fromarray(values).save(path)
    return path


def read(path: Path) -> np.ndarray:
    return photos.read(path, max_pixels=10**6).pixels


def changed(before: Path, after: Path) -> np.ndarray:
    """Return which pixels are not the same in two files: (H, W)."""
    return (read(before) != read(after)).any(axis=2)


FILLED = np.zeros((60, 80), bool)
FILLED[20:23, 10:70] = True

# Nothing else changes


@pytest.mark.parametrize(
    ("name", "how", "output"),
    [
        ("a.png", {}, "a.inpainted.png"),
        ("a.tif", {}, "a.inpainted.tif"),
        ("a.webp", {"lossless": True}, "a.inpainted.webp"),
        ("a.webp", {"lossless": False}, "a.inpainted.png"),
        ("a.jpg", {}, "a.inpainted.png"),
        ("a.jpeg", {"quality": 40}, "a.inpainted.png"),
    ],
)
def test_pixels_outside_the_mask_stay(
    tmp_path: Path, run: Run, name: str, how: dict[str, object], output: str
) -> None:
    before = picture(tmp_path / name, **how)
    data = before.read_bytes()
    ran = run("inpaint", before, "--mask", mask_at(tmp_path / "mask.png"), *FAKE)
    assert ran.exit_code == 0, ran.stderr
    differs = changed(before, tmp_path / output)
    assert not differs[~FILLED].any()
    assert differs[FILLED].mean() > 0.5
    assert before.read_bytes() == data
    assert "1 place, 3.8% of the picture" in ran.stderr


def test_lossy_webp_with_metadata_is_known_for_one(tmp_path: Path, run: Run) -> None:
    rgba = np.dstack([scene(60, 80)] * 4)
    Image.fromarray(rgba).save(tmp_path / "a.webp", quality=50, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    assert run("inpaint", tmp_path / "a.webp", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    assert (tmp_path / "a.inpainted.png").exists()


def test_16_bits_and_grey_stay(tmp_path: Path, run: Run) -> None:
    grey = scene(60, 80).astype(np.uint16) * 255 + 77
    tifffile.imwrite(tmp_path / "a.tif", grey)
    assert run("inpaint", tmp_path / "a.tif", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    after = tifffile.imread(tmp_path / "a.inpainted.tif")
    assert (after.dtype, after.shape) == (np.uint16, (60, 80))
    assert np.array_equal(after[~FILLED], grey[~FILLED])
    assert (after[FILLED] != grey[FILLED]).mean() > 0.9


def test_alpha_stays(tmp_path: Path, run: Run) -> None:
    rgba = np.dstack([scene(60, 80, seed) for seed in range(4)])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert run("inpaint", tmp_path / "a.png", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    after = pixels(tmp_path / "a.inpainted.png")
    assert np.array_equal(after[..., 3], rgba[..., 3])
    assert np.array_equal(after[~FILLED], rgba[~FILLED])


def test_jpeg_is_written_if_it_is_asked_for_and_said(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.jpg"), mask_at(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", mask, "-o", tmp_path / "b.jpg", *FAKE)
    assert ran.exit_code == 0
    assert "pixels outside the mask changed too" in ran.stderr
    assert any("JPEG was asked for" in line for line in record_of(tmp_path / "b.jpg")["warnings"])
    with Image.open(tmp_path / "b.jpg") as after:
        assert after.format == "JPEG"


def test_webp_is_written_without_loss(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.jpg"), mask_at(tmp_path / "m.png")
    assert run("inpaint", before, "--mask", mask, "-o", tmp_path / "b.webp", *FAKE).exit_code == 0
    assert not changed(before, tmp_path / "b.webp")[~FILLED].any()


def test_a_photo_through_a_pipe_comes_without_loss(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.jpg"), mask_at(tmp_path / "m.png")
    ran = run("inpaint", "-", "-o", "-", "--mask", mask, *FAKE, stdin=before.read_bytes())
    assert ran.exit_code == 0
    (tmp_path / "b.png").write_bytes(ran.stdout)
    assert not changed(before, tmp_path / "b.png")[~FILLED].any()
    named = run("inpaint", "-", "-o", tmp_path / "c.png", "--mask", mask, *FAKE,
                stdin=before.read_bytes())  # fmt: skip
    assert named.exit_code == 0
    assert np.array_equal(pixels(tmp_path / "c.png"), pixels(tmp_path / "b.png"))


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
    after = tmp_path / "a.inpainted.png"
    assert not changed(before, after).any()
    assert record_of(after)["filled"]["pixels"] == 0
    assert not pixels(tmp_path / "a.inpainted.png.mask.png").any()
    if name == "a.png":
        assert after.read_bytes() == before.read_bytes()


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


# What is recorded, and when it is done again


def test_the_record_says_what_was_filled(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    assert run("inpaint", before, "--mask", mask, "--grow", 2, *FAKE).exit_code == 0
    record = record_of(tmp_path / "a.inpainted.png")
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    jsonschema.validate(record, schema)
    digest = files.sha256_of(mask)
    assert record["filled"] == {
        "mask": "m.png",
        "sha256": digest,
        "polarity": "white is filled",
        "threshold": 128,
        "grow": 2,
        "groups": 1,
        "pixels": 64 * 7 - 4,  # the corners of what grew are cut
        "share": round((64 * 7 - 4) / 4800, 6),
        "sure": None,
        "sentence": "filled 1 place, 9.2% of the picture",
    }
    assert record["options"]["mask"] == f"sha256:{digest}"
    assert record["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert f"mask=sha256:{digest}".encode() in (tmp_path / "a.inpainted.png").read_bytes()


def test_a_changed_mask_is_noticed_and_a_renamed_one_is_not(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    words = ("inpaint", before, "--mask")
    assert run(*words, mask, *FAKE).exit_code == 0
    assert "up to date" in run(*words, mask, *FAKE).stderr
    assert b"up to date" in run(*words, mask, *FAKE, "--dry-run").stdout
    mask = mask.rename(tmp_path / "other.png")
    assert "up to date" in run(*words, mask, *FAKE).stderr
    assert "up to date" not in run(*words, mask, *FAKE, "--grow", 1).stderr
    mask_at(mask, rows=(40, 43))
    assert b"up to date" not in run(*words, mask, *FAKE, "--dry-run").stdout
    assert run(*words, mask, *FAKE).exit_code == 0
    assert np.flatnonzero(changed(before, tmp_path / "a.inpainted.png").any(1))[0] == 40


def test_the_same_command_gives_the_same_bytes(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    for threads in (1, 4):
        out = tmp_path / f"{threads}.png"
        words = ("-o", out, "--threads", threads, "--seed", 7)
        assert run("inpaint", before, "--mask", mask, *words, *FAKE).exit_code == 0
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "4.png").read_bytes()


def test_confidence_says_how_much_of_the_filling_is_a_guess(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", mask, "--confidence", *FAKE)
    assert ran.exit_code == 0, ran.stderr
    assert "of what was filled is a guess, going by 8 draws" in ran.stderr
    shown = pixels(tmp_path / "a.inpainted.png.confidence.png")
    assert (shown[~FILLED] == 255).all()
    assert (shown[FILLED] < 255).mean() > 0.9
    record = record_of(tmp_path / "a.inpainted.png")
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    jsonschema.validate(record, schema)
    empty = mask_at(tmp_path / "m.png", rows=(0, 0))
    assert run("inpaint", before, "--mask", empty, "--confidence", *FAKE).exit_code == 0
    assert (pixels(tmp_path / "a.inpainted.png.confidence.png") == 255).all()


def test_samples_are_written(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    words = ("--samples", 3, "--save-samples", "--mask", mask, *FAKE)
    assert run("inpaint", before, *words).exit_code == 0
    samples = [pixels(tmp_path / f"a.inpainted.s{n}.png") for n in range(3)]
    assert np.array_equal(samples[0], pixels(tmp_path / "a.inpainted.png"))
    for sample in samples[1:]:
        differs = (sample != samples[0]).any(2)
        assert differs[FILLED].mean() > 0.5
        assert not differs[~FILLED].any()


def test_dry_run_writes_nothing(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.jpg"), mask_at(tmp_path / "m.png")
    held = state(tmp_path)
    ran = run("inpaint", before, "--mask", mask, "--dry-run")
    assert ran.exit_code == 0
    assert ran.stdout.decode() == f"{before} -> {tmp_path}/a.inpainted.png\n"
    assert state(tmp_path) == held


# Looking for damage


def scratched(path: Path) -> Path:
    """Draw a soft photo with a bright and a dark scratch."""
    y, x = np.mgrid[0:200, 0:240]
    grey = 120 + 40 * np.sin(x / 40) * np.cos(y / 50)
    grey += np.random.default_rng(0).normal(0, 2, grey.shape)
    grey[10:190, 100:103] = 235
    grey[150:152, 20:200] = 20
    Image.fromarray(grey.round().astype(np.uint8)).save(path)
    return path


def test_scratches_are_found_written_and_can_be_corrected(tmp_path: Path, run: Run) -> None:
    before = scratched(tmp_path / "a.png")
    ran = run("inpaint", before, "--mask", "auto", "--write-mask", *FAKE)
    assert ran.exit_code == 0, ran.stderr
    record = record_of(tmp_path / "a.inpainted.png")
    assert record["filled"]["mask"] == "auto"
    assert record["filled"]["sure"] > 0.5
    assert "of what was found is likely damage" in ran.stderr
    written = tmp_path / "a.inpainted.png.mask.png"
    found = pixels(written)
    assert set(np.unique(found)) == {0, 255}
    assert found[20:180, 101].mean() > 250
    assert found[150, 30:190].mean() > 250
    assert (found > 0).mean() < 0.06
    assert [one["kind"] for one in record["companions"]] == ["mask"]
    corrected = found.copy()
    corrected[140:160] = 0
    (tmp_path / "mine").mkdir()
    Image.fromarray(corrected).save(tmp_path / "mine" / written.name)
    out = tmp_path / "out.png"
    assert run("inpaint", before, "--mask", tmp_path / "mine", "-o", out, *FAKE).exit_code == 0
    differs = changed(before, out)
    assert differs[20:130, 101].mean() > 0.9
    assert not differs[corrected == 0].any()


def test_nothing_found_is_said(tmp_path: Path, run: Run) -> None:
    y, x = np.mgrid[0:96, 0:128]
    smooth = (128 + 60 * np.sin(x / 20) * np.cos(y / 30)).round().astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.png")
    ran = run("inpaint", tmp_path / "a.png", "--mask", "auto", *FAKE)
    assert ran.exit_code == 0
    assert "no scratches or dust found" in ran.stderr
    assert (tmp_path / "a.inpainted.png").read_bytes() == (tmp_path / "a.png").read_bytes()
