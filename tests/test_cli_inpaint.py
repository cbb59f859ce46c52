"""`restore inpaint` as a user runs it, with backends that need no weights."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import jsonschema
import numpy as np
import pytest
import tifffile
from conftest import Ran, scene
from masked import FAKE, FILLED, changed, mask_at, picture
from PIL import Image
from ran import IDENTITY, pixels, record_of, state

from restore import device, files
from restore.weights import places

Run = Callable[..., Ran]

pytestmark = pytest.mark.usefixtures("mender")


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


def test_fewer_bits_are_written_if_they_are_asked_for_and_said(tmp_path: Path, run: Run) -> None:
    Image.fromarray(scene(60, 80).astype(np.uint16) * 257).save(tmp_path / "a.png")
    words = ("inpaint", tmp_path / "a.png", "--mask", mask_at(tmp_path / "m.png"), *FAKE)
    ran = run(*words, "-o", tmp_path / "b.webp")
    assert ran.exit_code == 0
    assert "pixels outside the mask changed too: WEBP holds 8 bits" in ran.stderr
    assert "changed too" not in run(*words, "-o", tmp_path / "c.tif").stderr


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_photo_that_is_converted_changes_everywhere_and_says_so(
    tmp_path: Path, run: Run, mode: str
) -> None:
    mask, notice = mask_at(tmp_path / "m.png"), "pixels outside the mask changed too: converting"
    before = tmp_path / "a.tif"
    profile = imagecodecs.cms_profile("gray", gamma=1.8) if mode == "L" else None
    Image.fromarray(scene(60, 80)).convert(mode).save(before, icc_profile=profile)
    ran = run("inpaint", before, "--mask", mask, *FAKE)
    assert ran.exit_code == 0, ran.stderr
    assert notice in ran.stderr
    assert any(notice in line for line in record_of(tmp_path / "a.inpainted.tif")["warnings"])
    own = picture(tmp_path / "b.png")
    assert notice not in run("inpaint", own, "--mask", mask, *FAKE).stderr
    empty = mask_at(tmp_path / "m.png", rows=(0, 0))  # which leaves the file that came
    assert notice not in run("inpaint", before, "--mask", empty, *FAKE).stderr


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


def test_a_backend_that_changes_nothing_claims_nothing(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", mask, *IDENTITY)
    assert ran.exit_code == 0
    assert "nothing is filled: backend 'identity' gives back what is there" in ran.stderr
    assert "  to be filled: 1 place, 3.8% of the picture" in ran.stderr
    after = tmp_path / "a.inpainted.png"
    assert not changed(before, after).any()
    assert record_of(after)["digital_source_type"].endswith("/algorithmicallyEnhanced")
    assert b"TrainedAlgorithmicMedia" not in after.read_bytes()


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


def test_samples_of_holes_need_no_memory_for_as_many_pictures(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    monkeypatch.setattr(device, "free_bytes", lambda device: 2 * pixels(before).nbytes)
    words = ("--samples", 4, "--save-samples", "--confidence")
    ran = run("inpaint", before, "--mask", mask, *words, *FAKE)
    assert ran.exit_code == 0, ran.stderr


def test_confidence_says_how_much_of_the_filling_is_a_guess(tmp_path: Path, run: Run) -> None:
    before, mask = picture(tmp_path / "a.png"), mask_at(tmp_path / "m.png")
    ran = run("inpaint", before, "--mask", mask, "--confidence", *FAKE)
    assert ran.exit_code == 0, ran.stderr
    assert "of it far off, going by 8 draws" in ran.stderr
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
    written = tmp_path / "a.inpainted.png.mask.png"
    assert "filled 1 place, " in ran.stderr  # they cross
    assert f"0% sure that it is damage: look at {written.name}" in ran.stderr
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


@pytest.mark.parametrize("command", ["denoise", "inpaint"])
def test_the_help_names_the_files_that_are_written_beside(run: Run, command: str) -> None:
    kinds = {"denoise": ("removed", "noise"), "inpaint": ("mask",)}[command]
    said = "".join(run(command, "--help").stdout.decode().split())
    output = {"denoise": "PHOTO.denoised.jpg", "inpaint": "PHOTO.inpainted.png"}[command]
    for kind in kinds:
        assert str(files.companion(Path(output), kind)) in said
    assert str(files.companion(Path("PHOTO.WORD.jpg"), "confidence")) in said
    assert str(files.sample_path(Path("PHOTO.WORD.jpg"), 0)) in said


def test_of_several_places_a_share_is_likely_damage(tmp_path: Path, run: Run) -> None:
    grey = pixels(scratched(tmp_path / "a.png")).copy()
    grey[140:160] = grey[110:130]  # the bright one alone,
    grey[70:90, 90:115] = grey[70:90, 50:75]  # in two
    Image.fromarray(grey).save(tmp_path / "a.png")
    ran = run("inpaint", tmp_path / "a.png", "--mask", "auto", *FAKE)
    assert ran.exit_code == 0, ran.stderr
    assert "filled 2 places, " in ran.stderr
    assert "0% of what was found is likely damage: look with --write-mask" in ran.stderr


def test_nothing_found_is_said(tmp_path: Path, run: Run) -> None:
    y, x = np.mgrid[0:96, 0:128]
    smooth = (128 + 60 * np.sin(x / 20) * np.cos(y / 30)).round().astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.png")
    ran = run("inpaint", tmp_path / "a.png", "--mask", "auto", *FAKE)
    assert ran.exit_code == 0
    assert "no damage found" in ran.stderr
    assert (tmp_path / "a.inpainted.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_record_names_the_model_that_found_the_damage(tmp_path: Path, run: Run) -> None:
    before = scratched(tmp_path / "a.png")
    assert run("inpaint", before, "--mask", "auto", *FAKE).exit_code == 0
    record = record_of(tmp_path / "a.inpainted.png")
    assert [one["name"] for one in record["weights"]] == ["damage-v1"]
    assert "research and personal use only" in record["licence"]
    mask = tmp_path / "mine.png"
    Image.fromarray(np.where(np.arange(200)[:, None] == 5, 255, np.zeros((200, 240)))
                    .astype(np.uint8)).save(mask)  # fmt: skip
    assert run("inpaint", before, "--mask", mask, "-o", tmp_path / "b.png", *FAKE).exit_code == 0
    assert record_of(tmp_path / "b.png")["weights"] == []


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_finder_that_is_not_the_locked_one_is_refused(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "damage-v1.safetensors").write_bytes(b"another")
    monkeypatch.setattr(places, "shipped_folder", lambda: models)
    before = scratched(tmp_path / "a.png")
    ran = run("inpaint", before, "--mask", "auto", *FAKE, *words)
    assert ran.exit_code == 5
    assert "is not the locked 'damage-v1'" in ran.stderr
    mask = mask_at(tmp_path / "mine.png", (200, 240))
    assert run("inpaint", before, "--mask", mask, *FAKE, *words).exit_code == 0


def test_a_lower_threshold_finds_no_less(tmp_path: Path, run: Run) -> None:
    before = scratched(tmp_path / "a.png")
    found = []
    for threshold in (250, 128, 20):
        out = tmp_path / f"{threshold}.png"
        words = ("--threshold", threshold, "--write-mask", "-o", out)
        assert run("inpaint", before, "--mask", "auto", *words, *FAKE).exit_code == 0
        found.append(pixels(tmp_path / f"{out.name}.mask.png") > 0)
    assert (found[1] | ~found[0]).all()
    assert (found[2] | ~found[1]).all()
    assert found[0].sum() < found[2].sum()
