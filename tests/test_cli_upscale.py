"""`restore upscale` as a user runs it, with the backend that repeats pixels and with fakes."""

from __future__ import annotations

import importlib.resources
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
import imagecodecs
import jsonschema
import numpy as np
import pytest
import tifffile
from conftest import Ran, scene
from PIL import ExifTags, Image, ImageCms
from ran import IDENTITY, hashes, is_one_error, pixels, record_of, said, tree

from restore import device
from restore.backend import Task

Run = Callable[..., Ran]
Draw = Callable[..., Path]
Offer = Callable[..., None]

FAKE = ("--backend", "fake")


@pytest.fixture
def fake(offer: Offer) -> tuple[str, str]:
    offer("Enlarger", Task.UPSCALE)
    return FAKE


def coloured(path: Path, height: int = 60, width: int = 80, **how: Any) -> Path:
    """Write a colour photo."""
    planes = [scene(height, width, seed) for seed in range(3)]
    Image.fromarray(np.dstack(planes)).save(path, **how)
    return path


@pytest.mark.parametrize("scale", [2, 4])
def test_a_photo_grows_and_its_record_says_so(tmp_path: Path, run: Run, scale: int) -> None:
    photo = coloured(tmp_path / "a.png")
    ran = run("upscale", photo, "--scale", scale, *IDENTITY)
    assert ran.exit_code == 0, ran.stderr
    output = tmp_path / "a.upscaled.png"
    assert np.array_equal(pixels(output), pixels(photo).repeat(scale, 0).repeat(scale, 1))
    record = record_of(output)
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    jsonschema.validate(record, schema)
    assert (record["input"]["width"], record["input"]["height"]) == (80, 60)
    assert (record["output"]["width"], record["output"]["height"]) == (80 * scale, 60 * scale)
    assert record["options"]["scale"] == scale
    assert record["task"] == "upscale"
    assert f"scale={scale}".encode() in output.read_bytes()


def test_the_default_is_two(tmp_path: Path, run: Run, fake: tuple[str, str]) -> None:
    assert run("upscale", coloured(tmp_path / "a.jpg"), *fake).exit_code == 0
    assert pixels(tmp_path / "a.upscaled.jpg").shape == (120, 160, 3)
    assert record_of(tmp_path / "a.upscaled.jpg")["options"]["scale"] == 2


def test_the_environment_sets_the_scale(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_UPSCALE_SCALE", "4")
    assert run("upscale", coloured(tmp_path / "a.png"), *IDENTITY).exit_code == 0
    assert pixels(tmp_path / "a.upscaled.png").shape == (240, 320, 3)


def test_what_only_repeats_pixels_is_said_to(
    tmp_path: Path, run: Run, fake: tuple[str, str]
) -> None:
    photo = coloured(tmp_path / "a.png")
    assert "only repeated" in run("upscale", photo, *IDENTITY, "-o", tmp_path / "b.png").stderr
    assert "only repeated" not in run("upscale", photo, *fake).stderr
    types = [
        record_of(tmp_path / name)["digital_source_type"] for name in ("b.png", "a.upscaled.png")
    ]
    assert types[0].endswith("/algorithmicallyEnhanced")
    assert types[1].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert b"TrainedAlgorithmicMedia" not in (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 31), (200, 3), (47, 61)], ids=str)
def test_any_size(tmp_path: Path, run: Run, fake: tuple[str, str], size: tuple[int, int]) -> None:
    coloured(tmp_path / "a.png", *size)
    assert run("upscale", tmp_path / "a.png", "--scale", 4, *fake).exit_code == 0
    assert pixels(tmp_path / "a.upscaled.png").shape == (4 * size[0], 4 * size[1], 3)


def test_alpha_sixteen_bits_and_grey_stay(tmp_path: Path, run: Run, fake: tuple[str, str]) -> None:
    grey = scene(60, 80).astype(np.uint16) * 257
    alpha = np.full_like(grey, 65535)
    alpha[:, :40] = 0
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(np.dstack([grey, alpha])))
    tifffile.imwrite(tmp_path / "b.tif", grey, photometric="minisblack")
    assert run("upscale", tmp_path / "a.png", tmp_path / "b.tif", *fake).exit_code == 0
    png = imagecodecs.png_decode((tmp_path / "a.upscaled.png").read_bytes())
    assert png.dtype == np.uint16
    assert png.shape == (120, 160, 2)
    assert (png[:, :76, 1] == 0).all()
    assert (png[:, 84:, 1] == 65535).all()
    assert 0 < png[60, 79, 1] < png[60, 80, 1] < 65535  # not in steps
    tiff = tifffile.imread(tmp_path / "b.upscaled.tif")
    assert tiff.dtype == np.uint16
    assert tiff.shape == (120, 160)
    assert abs(float(tiff.mean()) - float(grey.mean())) < 300


@pytest.mark.parametrize("suffix", [".webp", ".tif"])
def test_alpha_comes_back_in_other_formats(tmp_path: Path, run: Run, suffix: str) -> None:
    alpha = np.tile(np.arange(80, dtype=np.uint8) * 3, (60, 1))
    rgba = np.dstack([scene(60, 80)] * 3 + [alpha])
    Image.fromarray(rgba).save(tmp_path / f"a{suffix}", lossless=True)
    assert run("upscale", tmp_path / f"a{suffix}", "--scale", 4, *IDENTITY).exit_code == 0
    result = pixels(tmp_path / f"a.upscaled{suffix}")
    assert result.shape == (240, 320, 4)
    assert (np.diff(result[:, :, 3].astype(int), axis=1) >= 0).all()


def test_what_the_photo_carried_comes_back_and_says_the_new_size(tmp_path: Path, run: Run) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation] = "A camera", 6
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = 60, 80
    coloured(tmp_path / "a.jpg", 80, 60, exif=exif, icc_profile=profile, dpi=(300, 300), quality=95)
    assert run("upscale", tmp_path / "a.jpg", "--scale", 4, *IDENTITY).exit_code == 0
    with Image.open(tmp_path / "a.upscaled.jpg") as picture:
        assert picture.size == (320, 240)  # upright
        assert picture.info["icc_profile"] == profile
        assert picture.info["dpi"] == (1200, 1200)  # as many inches as it had
        exif = picture.getexif()
        assert (exif[ExifTags.Base.Make], exif[ExifTags.Base.Orientation]) == ("A camera", 1)
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        assert inner[ExifTags.Base.ExifImageWidth] == 320
        assert inner[ExifTags.Base.ExifImageHeight] == 240


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, None),
        ("A print of 1950", "A print of 1950"),
        ('{"by": "me"}', '{"by": "me"}'),
        ('{"shape": [60], "by": "me"}', '{"shape": [60], "by": "me"}'),
    ],
)
def test_a_tiff_does_not_tell_the_shape_that_its_photo_had(
    tmp_path: Path, run: Run, said: str | None, kept: str | None
) -> None:
    grey = scene(60, 80).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", grey, description=said, photometric="minisblack")
    assert run("upscale", tmp_path / "a.tif", "--scale", 4, *IDENTITY).exit_code == 0
    with tifffile.TiffFile(tmp_path / "a.upscaled.tif") as file:
        assert file.pages[0].tags.valueof(270) == kept
        assert file.series[0].shape == (240, 320)


def test_a_wide_space_is_not_clipped(tmp_path: Path, run: Run) -> None:
    profile = bytes(imagecodecs.cms_profile("adobergb"))
    green = np.zeros((8, 9, 3), np.uint8)
    green[..., 1] = 255  # outside sRGB
    green[3, 4] = 0
    Image.fromarray(green).save(tmp_path / "a.png", icc_profile=profile)
    assert run("upscale", tmp_path / "a.png", *IDENTITY).exit_code == 0
    assert np.array_equal(pixels(tmp_path / "a.upscaled.png"), green.repeat(2, 0).repeat(2, 1))


def test_samples_are_written_at_the_new_size(
    tmp_path: Path, run: Run, fake: tuple[str, str]
) -> None:
    photo = coloured(tmp_path / "a.png")
    assert run("upscale", photo, "--samples", 3, "--save-samples", *fake).exit_code == 0
    samples = [pixels(tmp_path / f"a.upscaled.s{k}.png") for k in range(3)]
    assert all(sample.shape == (120, 160, 3) for sample in samples)
    assert np.array_equal(samples[0], pixels(tmp_path / "a.upscaled.png"))
    assert not np.array_equal(samples[0], samples[1])
    assert run("upscale", photo, "-o", tmp_path / "alone.png", *fake).exit_code == 0
    alone = hashes(tmp_path)
    assert alone["alone.png"] == alone["a.upscaled.png"]  # whether or not others were drawn


def test_threads_workers_and_order_change_no_byte(
    tmp_path: Path, photos: list[Path], run: Run, fake: tuple[str, str]
) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    words = ("upscale", "--scale", 4, "--seed", 3, *fake)
    assert run(*words, *photos, "-o", one, "--jobs", 1, "--threads", 1).exit_code == 0
    assert run(*words, *photos[::-1], "-o", many, "--jobs", 4, "--threads", 3).exit_code == 0
    assert len(hashes(one)) == len(photos)
    assert hashes(one) == hashes(many)


def test_a_second_run_does_nothing_until_the_scale_changes(
    tmp_path: Path, run: Run, fake: tuple[str, str]
) -> None:
    photo = coloured(tmp_path / "a.png")
    assert run("upscale", photo, *fake).exit_code == 0
    assert "up to date" in run("upscale", photo, *fake).stderr
    dry = run("upscale", photo, "--scale", 2, "--dry-run", *fake)
    assert b"up to date" in dry.stdout
    assert b"->" in run("upscale", photo, "--scale", 4, "--dry-run", *fake).stdout
    assert pixels(tmp_path / "a.upscaled.png").shape == (120, 160, 3)
    assert "up to date" not in run("upscale", photo, "--scale", 4, *fake).stderr
    assert pixels(tmp_path / "a.upscaled.png").shape == (240, 320, 3)


def test_results_are_left_out_of_folders_and_chain_by_name(tmp_path: Path, run: Run) -> None:
    coloured(tmp_path / "a.png")
    assert run("upscale", tmp_path, *IDENTITY).exit_code == 0
    again = run("upscale", tmp_path, *IDENTITY)
    assert "up to date" in again.stderr
    assert [name for name in tree(tmp_path) if name.endswith(".png")] == [
        "a.png",
        "a.upscaled.png",
    ]
    assert run("upscale", tmp_path / "a.upscaled.png", *IDENTITY).exit_code == 0
    record = record_of(tmp_path / "a.upscaled.upscaled.png")
    assert (record["source"]["task"], record["output"]["width"]) == ("upscale", 320)


def test_a_pipe_takes_a_photo_and_gives_its_result(
    tmp_path: Path, run: Run, fake: tuple[str, str]
) -> None:
    photo = coloured(tmp_path / "a.png")
    ran = run("upscale", "-", "-o", "-", "--scale", 4, *fake, stdin=photo.read_bytes())
    assert ran.exit_code == 0, ran.stderr
    with Image.open(io.BytesIO(ran.stdout)) as picture:
        assert picture.size == (320, 240)


def test_json_has_the_record(tmp_path: Path, run: Run) -> None:
    ran = run("upscale", coloured(tmp_path / "a.png"), "--json", *IDENTITY)
    (line,) = (json.loads(one) for one in ran.stdout.splitlines())
    assert line["record"] == record_of(tmp_path / "a.upscaled.png")
    assert line["record"]["output"]["width"] == 160


# What is refused


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--scale", "3"), "'3' is not one of '2', '4'"),
        (("--scale", "2.0"), "'2', '4'"),
        (("--confidence", "--backend", "identity"), "no --confidence"),
        (("--strength", "1"), "No such option"),
        (("-o", "-", "--save-samples"), "output file"),
    ],
)
def test_bad_settings_are_usage_errors(
    tmp_path: Path, run: Run, words: tuple[str, ...], complaint: str
) -> None:
    ran = run("upscale", coloured(tmp_path / "a.png"), *words)
    assert ran.exit_code == 2, ran
    assert complaint in ran.stderr
    assert tree(tmp_path) == ["a.png"]


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_model_of_another_scale_is_refused_before_its_files_are_asked_for(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path / "cache"))
    photo = coloured(tmp_path / "a.png")
    model = ("--model", "resshift-realsr-v3")
    ran = run("upscale", photo, *model, *words)
    assert is_one_error(ran, 7), ran
    assert "the model 'resshift-realsr-v3' enlarges 4 times, not 2" in ran.stderr
    assert "hint: --scale 4, or another --model" in ran.stderr
    assert is_one_error(run("upscale", photo, *model, "--scale", 4, *words), 5)  # not there


def test_a_result_of_too_many_pixels_is_refused_before_work_begins(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = coloured(tmp_path / "a.png")
    with monkeypatch.context() as patch:
        patch.setattr("restore.batch.engine.restore", None)  # it would be a bug, did work begin
        ran = run("upscale", photo, "--scale", 4, "--max-pixels", 60 * 80 * 15, *IDENTITY)
    assert is_one_error(ran, 2), ran
    assert "the result would be 320 x 240, 76,800 pixels, more than 72,000" in ran.stderr
    assert "smaller --scale" in ran.stderr
    assert tree(tmp_path) == ["a.png"]
    enough = ("--max-pixels", 60 * 80 * 16)
    assert run("upscale", photo, "--scale", 4, *enough, *IDENTITY).exit_code == 0


@pytest.mark.parametrize(
    ("name", "width"), [("a.jpg", 16376), ("a.webp", 4096), ("a.png", 250_001)]
)
def test_a_result_too_long_for_its_format_is_refused_before_work_begins(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, name: str, width: int
) -> None:
    photo = tmp_path / name
    Image.fromarray(np.full((1, width), 99, np.uint8)).save(photo)
    with monkeypatch.context() as patch:
        patch.setattr("restore.batch.engine.restore", None)  # it would be a bug, did work begin
        ran = run("upscale", photo, "--scale", 4, *IDENTITY)
    assert is_one_error(ran, 4), ran
    assert f"the result is {width * 4} x 4" in ran.stderr
    assert "TIFF" in ran.stderr
    assert tree(tmp_path) == [name]
    assert run("upscale", photo, "--scale", 4, "-o", tmp_path / "b.tif", *IDENTITY).exit_code == 0
    assert tifffile.imread(tmp_path / "b.tif").shape[:2] == (4, width * 4)


def test_a_result_that_memory_cannot_hold_is_refused_before_work_begins(
    tmp_path: Path, run: Run, fake: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = coloured(tmp_path / "a.png")
    result = 120 * 160 * 3
    monkeypatch.setattr(device, "free_bytes", lambda device: 3 * result)
    assert run("upscale", photo, "-o", tmp_path / "b.png", *fake).exit_code == 0
    ran = run("upscale", photo, "--samples", 3, "--save-samples", *fake)
    assert is_one_error(ran, 6), ran
    assert "not enough memory for 3 x 160 x 120 pixels" in ran.stderr
    assert "try a smaller --scale, fewer --samples or --jobs 1" in ran.stderr
    assert not (tmp_path / "a.upscaled.png").exists()


def test_the_draws_behind_a_confidence_map_count_as_results_that_memory_must_hold(
    tmp_path: Path, run: Run, fake: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = coloured(tmp_path / "a.png")
    monkeypatch.setattr(fakes.Enlarger, "error_per_spread", 1.0)
    monkeypatch.setattr(device, "free_bytes", lambda device: 8 * 120 * 160 * 3)
    ran = run("upscale", photo, "--confidence", *fake)
    assert is_one_error(ran, 6), ran
    assert "not enough memory for 8 x 160 x 120 pixels" in ran.stderr
    assert "no --confidence" in ran.stderr


def test_one_photo_too_large_does_not_stop_the_others(tmp_path: Path, run: Run) -> None:
    (tmp_path / "in").mkdir()
    coloured(tmp_path / "in/a.png")
    coloured(tmp_path / "in/b.png", 120, 160)
    ran = run("upscale", tmp_path / "in", "--max-pixels", 60 * 80 * 4, *IDENTITY)
    assert ran.exit_code == 8
    assert len(said(ran, "error")) == 1
    assert (tmp_path / "in/a.upscaled.png").exists()


def test_a_backend_that_enlarges_otherwise_breaks_its_contract(
    tmp_path: Path, run: Run, offer: Offer
) -> None:
    offer("Stubborn", Task.UPSCALE)
    photo = coloured(tmp_path / "a.png")
    assert run("upscale", photo, "--scale", 2, *FAKE).exit_code == 0
    ran = run("upscale", photo, "--scale", 4, *FAKE)
    assert is_one_error(ran, 7), ran
    assert "fake enlarges 2 times, not 4" in ran.stderr
