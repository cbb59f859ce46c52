"""What the command promises: the same bytes, only colour added, a record, nothing lost."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import re
from pathlib import Path

import imagecodecs
import jsonschema
import numpy as np
import pytest
import tifffile
import torch
from conftest import scene
from PIL import Image, ImageCms
from ran import IDENTITY, Draw, Run, hashes, pixels, record_of

from restore import color

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def lab(path: Path) -> torch.Tensor:
    return color.to_lab(torch.tensor(pixels(path)).permute(2, 0, 1) / 255)


def test_company_order_and_workers_change_no_byte(
    tmp_path: Path, photos: list[Path], run: Run
) -> None:
    words = ("colorize", "--seed", 3, "--confidence", "--steps", 2)
    assert run(*words, photos[0], "-o", f"{tmp_path}/alone/", "--threads", 1).exit_code == 0
    assert run(*words, *photos, "-o", tmp_path / "all", "--jobs", 1).exit_code == 0
    back = photos[::-1]
    assert run(*words, *back, "-o", tmp_path / "back", "--jobs", 4, "--threads", 3).exit_code == 0
    everything = hashes(tmp_path / "all")
    assert len(everything) == 2 * len(photos)
    assert hashes(tmp_path / "back") == everything
    assert hashes(tmp_path / "alone").items() <= everything.items()


def test_the_seed_changes_the_colours_unless_variety_is_none(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("a.png")
    for variety in (0, 1):
        for seed in (1, 2):
            words = ("--variety", variety, "--seed", seed, "-o", tmp_path / f"{variety}{seed}.png")
            assert run("colorize", photo, *words).exit_code == 0
    assert np.array_equal(pixels(tmp_path / "01.png"), pixels(tmp_path / "02.png"))
    assert not np.array_equal(pixels(tmp_path / "11.png"), pixels(tmp_path / "12.png"))


def test_reduced_precision_is_the_same_picture_to_the_eye(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("a.png")
    for precision in ("fp32", "bf16"):
        output = tmp_path / f"{precision}.png"
        assert run("colorize", photo, "--precision", precision, "-o", output).exit_code == 0
    difference = color.ciede2000(lab(tmp_path / "fp32.png"), lab(tmp_path / "bf16.png"))
    assert 0 < float(difference.mean()) < 1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (300, 2), (61, 83)])
def test_only_colour_is_added(tmp_path: Path, run: Run, size: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    photo = tmp_path / "a.png"
    Image.fromarray(grey).save(photo)
    assert run("colorize", photo, "--saturation", 3, "--variety", 1).exit_code == 0
    result = pixels(tmp_path / "a.colorized.png")
    assert result.shape == (*size, 3)
    before = color.lightness(torch.from_numpy(grey[:, :, None]))
    after = color.lightness(torch.tensor(result))
    assert float((after - before).abs().max()) <= 100 / 255


def test_the_record_says_it_all(photos: list[Path], run: Run) -> None:
    photos = photos[:2]
    words = ("--json", "--confidence", "--samples", 2, "--save-samples", "--steps", 2)
    ran = run("colorize", *photos, *words)
    assert ran.exit_code == 0
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["input"] for line in lines] == [str(photo) for photo in photos]
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    for photo, line in zip(photos, lines, strict=True):
        record = line["record"]
        jsonschema.validate(record, schema)
        assert record == record_of(Path(line["output"]))
        assert record["input"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert record["output"]["sha256"] == hashes(photo.parent)[Path(line["output"]).name]
        assert record["weights"][0]["name"] == "colorizer-v1"
        assert record["licence"]
        assert record["options"].keys() >= {"variety", "steps", "saturation", "seed", "samples"}
        assert record["timings"].keys() >= {"read", "network", "render", "encode"}
        assert record["versions"].keys() >= {"python", "torch", "numpy"}


def test_a_batch_keeps_a_log(tmp_path: Path, photos: list[Path], run: Run) -> None:
    out = tmp_path / "out"
    assert run("colorize", tmp_path / "in", "-o", out, *IDENTITY).exit_code == 0
    (log,) = out.glob("restore-run-*.jsonl")
    start, *lines, end = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert start["settings"]["backend"] == "identity"
    assert [line["input"] for line in lines] == [str(photo) for photo in photos]
    assert all(line["status"] == "done" for line in lines)
    assert end["summary"] == "4 done"


def test_one_photo_keeps_no_log(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    assert not list(photo.parent.glob("restore-run-*"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_output_says_what_it_is(tmp_path: Path, draw: Draw, run: Run, suffix: str) -> None:
    output = tmp_path / f"out{suffix}"
    assert run("colorize", draw("a.png"), "-o", output).exit_code == 0
    packet = re.search(rb"<x:xmpmeta.*</x:xmpmeta>", output.read_bytes(), re.S)
    assert packet is not None
    assert SOURCE_TYPE.encode() in packet[0]
    assert b"AISystemUsed" in packet[0]
    assert record_of(output)["digital_source_type"] == SOURCE_TYPE
    # What is embedded holds no path, so that the same run gives the same bytes anywhere.
    assert str(tmp_path).encode() not in output.read_bytes()


def test_a_turned_photo_comes_back_upright_with_all_that_it_carried(
    tmp_path: Path, run: Run
) -> None:
    photo = tmp_path / "a.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x9003] = 6, "A camera", "1950:01:01 00:00:00"
    upright = scene(60, 80)
    stored = Image.fromarray(upright).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    stored.save(photo, exif=exif, icc_profile=profile, dpi=(300, 300), quality=95)
    assert run("colorize", photo).exit_code == 0
    with Image.open(tmp_path / "a.colorized.jpg") as picture:
        assert picture.size == (80, 60)
        assert picture.getexif()[0x0112] == 1
        assert picture.getexif()[0x010F] == "A camera"
        assert picture.info["icc_profile"] == profile
        assert picture.info["dpi"] == (300, 300)
        error = np.asarray(picture.convert("L"), float) - upright
    assert np.abs(error).mean() < 8


@pytest.mark.parametrize("dark", [False, True])
def test_sixteen_bits_stay_sixteen(tmp_path: Path, run: Run, dark: bool) -> None:
    grey = (scene(60, 80).astype(np.uint16) * 257) >> (8 if dark else 0)
    alpha = np.full_like(grey, 40000)
    alpha[:10] = 0
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(np.dstack([grey, alpha])))
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack")
    ran = run("colorize", tmp_path / "a.png", tmp_path / "a.tif")
    assert ran.exit_code == 0
    png = imagecodecs.png_decode((tmp_path / "a.colorized.png").read_bytes())
    assert png.dtype == np.uint16
    assert png.shape == (60, 80, 4)
    assert np.array_equal(png[:, :, 3], alpha)
    tiff = tifffile.imread(tmp_path / "a.colorized.tif")
    assert tiff.dtype == np.uint16
    assert tiff.shape == (60, 80, 3)
    before = color.lightness(torch.from_numpy(grey.astype(np.uint16)[:, :, None]))
    after = color.lightness(torch.from_numpy(tiff))
    assert float((after - before).abs().max()) <= 100 / 255


def test_a_photo_that_has_colour_is_done_with_a_notice(tmp_path: Path, run: Run) -> None:
    photo = tmp_path / "a.png"
    rgb = np.random.default_rng(2).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(rgb.repeat(10, 0).repeat(10, 1)).save(photo)
    ran = run("colorize", photo)
    assert ran.exit_code == 0
    assert f"note: {photo}: it has colours already" in ran.stderr
    warnings = record_of(tmp_path / "a.colorized.png")["warnings"]
    assert warnings == ["it has colours already: they are replaced, only its lightness is used"]


def test_a_hint_is_obeyed_where_it_is(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.png")
    ran = run("colorize", photo, "--hint", "20,10=#c03030", "-o", tmp_path / "hinted.png")
    assert ran.exit_code == 0
    _, a, _ = lab(tmp_path / "hinted.png")[:, 10, 20].tolist()
    assert a > 15
    assert record_of(tmp_path / "hinted.png")["options"]["hints"] == ["20,10=#c03030"]
