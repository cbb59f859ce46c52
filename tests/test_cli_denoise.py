"""`restore denoise` as a user runs it, with the weights that ship and with fakes."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from conftest import Ran, scene
from PIL import Image

from restore.backend import Task

Run = Callable[..., Ran]
Draw = Callable[..., Path]
Offer = Callable[..., None]


def record_of(output: Path) -> dict[str, Any]:
    return json.loads(output.with_name(f"{output.name}.json").read_bytes())


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def noisy(path: Path, sigma: float = 20, size: tuple[int, int] = (96, 128)) -> Path:
    """Write a colour photo with Gaussian noise."""
    clean = scene(*size)[..., None].repeat(3, -1).astype(float)
    noise = np.random.default_rng(0).normal(0, sigma, clean.shape)
    Image.fromarray((clean + noise).round().clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def smoother(offer: Offer) -> tuple[str, str]:
    offer("Smoother", Task.DENOISE)
    return ("--backend", "fake")


def test_a_noisy_photo_loses_most_of_its_noise(tmp_path: Path, run: Run) -> None:
    photo = noisy(tmp_path / "a.png")
    ran = run("denoise", photo)
    assert ran.exit_code == 0, ran.stderr
    clean = scene(96, 128)[..., None].astype(float)
    before, after = (
        np.sqrt(np.square(pixels(path) - clean).mean())
        for path in (photo, tmp_path / "a.denoised.png")
    )
    # The drawn scene itself carries noise of 6 levels, which goes too.
    assert after < 0.45 * before
    assert "of what was removed looks random" in ran.stderr


def test_the_record_says_what_was_found(tmp_path: Path, run: Run) -> None:
    assert run("denoise", noisy(tmp_path / "a.png")).exit_code == 0
    record = record_of(tmp_path / "a.denoised.png")
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    jsonschema.validate(record, schema)
    noise = record["noise"]
    assert noise["route"] == "network"
    assert len(noise["level"]) == 3
    assert all(15 < level < 27 for level in noise["level"])
    assert noise["removed"]["random_share"] > 0.8
    assert record["options"]["strength"] == 1.0
    assert record["digital_source_type"].endswith("algorithmicallyEnhanced")


def test_the_record_names_both_steps_of_a_photo_with_specks_and_noise(
    tmp_path: Path, run: Run
) -> None:
    photo = noisy(tmp_path / "a.png")
    speckled = pixels(photo).copy()
    random = np.random.default_rng(1).random(speckled.shape[:2])
    speckled[random < 0.03], speckled[random > 0.97] = 0, 255
    Image.fromarray(speckled).save(photo)
    ran = run("denoise", photo)
    assert ran.exit_code == 0, ran.stderr
    record = record_of(tmp_path / "a.denoised.png")
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    jsonschema.validate(record, schema)
    assert record["noise"]["route"] == "median+network"
    assert record["noise"]["kind"].startswith("salt-pepper+")
    assert "; then the noise is " in record["noise"]["reason"]
    assert "was left to the network" in ran.stderr


def test_strength_zero_gives_the_same_file(tmp_path: Path, run: Run) -> None:
    for name in ("a.png", "b.jpg", "c.tif"):
        photo = noisy(tmp_path / name)
        assert run("denoise", photo, "--strength", 0).exit_code == 0
        output = photo.with_name(f"{photo.stem}.denoised{photo.suffix}")
        assert output.read_bytes() == photo.read_bytes()


def test_a_clean_photo_is_left_alone_and_it_is_said(tmp_path: Path, run: Run) -> None:
    y, x = np.mgrid[0:96, 0:128]
    smooth = (128 + 60 * np.sin(x / 20) * np.cos(y / 30)).round().astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.png")
    ran = run("denoise", tmp_path / "a.png")
    assert ran.exit_code == 0
    assert "nothing to do" in ran.stderr
    assert np.array_equal(pixels(tmp_path / "a.denoised.png"), smooth)


def test_maps_are_written_and_named_in_the_record(tmp_path: Path, run: Run) -> None:
    photo = noisy(tmp_path / "a.png")
    assert run("denoise", photo, "--removed", "--noise-map").exit_code == 0
    output = tmp_path / "a.denoised.png"
    named = {one["kind"]: one["name"] for one in record_of(output)["companions"]}
    assert named == {
        "removed": "a.denoised.png.removed.png",
        "noise": "a.denoised.png.noise.png",
    }
    assert pixels(tmp_path / named["removed"]).shape == (96, 128, 3)
    assert pixels(tmp_path / named["noise"]).shape == (96, 128)


def test_a_noise_map_can_be_given_back(tmp_path: Path, run: Run) -> None:
    photo = noisy(tmp_path / "a.png")
    assert run("denoise", photo, "--noise-map").exit_code == 0
    measured = pixels(tmp_path / "a.denoised.png")
    levels = tmp_path / "a.denoised.png.noise.png"
    out = tmp_path / "told.png"
    assert run("denoise", photo, "--sigma", levels, "-o", out).exit_code == 0
    assert np.abs(pixels(out).astype(int) - measured).max() <= 2
    assert "a.denoised.png.noise.png" in record_of(out)["options"]["sigma"]


def test_the_same_command_gives_the_same_bytes(tmp_path: Path, run: Run) -> None:
    photo = noisy(tmp_path / "a.png", size=(150, 170))
    outputs = []
    for threads in (1, 4):
        out = tmp_path / f"out{threads}"
        assert run("denoise", photo, "-o", f"{out}/", "--threads", threads).exit_code == 0
        outputs.append((out / "a.denoised.png").read_bytes())
    assert outputs[0] == outputs[1]


def test_a_second_run_does_nothing(tmp_path: Path, run: Run, smoother: tuple[str, str]) -> None:
    photo = noisy(tmp_path / "a.png")
    assert run("denoise", photo, *smoother).exit_code == 0
    assert "up to date" in run("denoise", photo, *smoother).stderr
    assert "up to date" not in run("denoise", photo, *smoother, "--strength", 0.5).stderr


def test_a_map_less_is_no_reason_to_do_it_again(
    tmp_path: Path, run: Run, smoother: tuple[str, str]
) -> None:
    photo = noisy(tmp_path / "a.png")
    assert run("denoise", photo, *smoother, "--removed", "--noise-map").exit_code == 0
    assert "up to date" in run("denoise", photo, *smoother).stderr
    assert "up to date" in run("denoise", photo, *smoother, "--removed").stderr
    named = [one["kind"] for one in record_of(tmp_path / "a.denoised.png")["companions"]]
    assert named == ["removed", "noise"]


def test_a_level_that_no_noise_has_is_not_recorded(tmp_path: Path, run: Run) -> None:
    y, x = np.mgrid[0:96, 0:128]
    Image.fromarray((255 * ((x + y) % 2)).astype(np.uint8)).save(tmp_path / "a.png")
    assert run("denoise", tmp_path / "a.png", "--noise-map").exit_code == 0
    noise = record_of(tmp_path / "a.denoised.png")["noise"]
    assert noise["level"] == []
    assert all(one["level"] < 128 for one in noise["by_brightness"])
    assert "128 levels or more, which no noise has" in noise["reason"]
    assert pixels(tmp_path / "a.denoised.png.noise.png").max() == 128 * 256


def test_a_filter_that_was_asked_for_takes_what_it_uses(tmp_path: Path, run: Run) -> None:
    y, x = np.mgrid[0:96, 0:128]
    smooth = (128 + 60 * np.sin(x / 20) * np.cos(y / 30)).round().astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.png")
    words = ("--noise", "salt-pepper", "--keep", "none", "--sigma", "auto")
    ran = run("denoise", tmp_path / "a.png", *words)
    assert ran.exit_code == 0
    assert "nothing was changed" in ran.stderr
    assert record_of(tmp_path / "a.denoised.png")["options"]["keep"] == "none"


def test_steps_chain_by_name(tmp_path: Path, run: Run, smoother: tuple[str, str]) -> None:
    assert run("denoise", noisy(tmp_path / "a.png"), *smoother).exit_code == 0
    assert run("colorize", tmp_path / "a.denoised.png", "--steps", 1).exit_code == 0
    record = record_of(tmp_path / "a.denoised.colorized.png")
    assert record["source"]["task"] == "denoise"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--sigma", "-3"), "0<=N<=128"),
        (("--sigma", "nan"), "0<=N<=128"),
        (("--sigma", "gone.png"), "0 to 128"),
        (("--sigma", "x" * 300), "0 to 128"),
        (("--strength", "2"), "0<=x<=1"),
        (("--strength", "nan"), "0<=x<=1"),
        (("--keep", "all"), "detail"),
        (("--noise", "loud"), "sensor"),
        (("-o", "-", "--removed"), "output file"),
        (("--hint", "1,1=#ff0000"), "No such option"),
        (("--confidence",), "no --confidence"),
        (("--samples", "3", "--save-samples"), "draws no samples"),
        (("--noise", "periodic", "--sigma", "10"), "--sigma is for the network"),
        (("--noise", "salt-pepper", "--keep", "grain"), "--keep grain is for the network"),
        (("--noise", "periodic", "--keep", "detail"), "--keep detail is for the network"),
    ],
)
def test_bad_settings_are_usage_errors(
    tmp_path: Path, run: Run, words: tuple[str, ...], complaint: str
) -> None:
    photo = noisy(tmp_path / "a.png")
    ran = run("denoise", photo, *words)
    assert ran.exit_code == 2, ran
    assert complaint in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_map_of_another_size_is_a_usage_error(
    tmp_path: Path, run: Run, smoother: tuple[str, str]
) -> None:
    photo = noisy(tmp_path / "a.png")
    Image.fromarray(np.full((10, 10), 20, np.uint8)).save(tmp_path / "map.png")
    ran = run("denoise", photo, "--sigma", tmp_path / "map.png", *smoother)
    assert ran.exit_code == 2
    assert "10 x 10 pixels, the photo is 128 x 96" in ran.stderr
    assert not (tmp_path / "a.denoised.png").exists()


def test_a_map_that_is_no_picture(tmp_path: Path, run: Run) -> None:
    (tmp_path / "map.png").write_text("no picture")
    ran = run("denoise", noisy(tmp_path / "a.png"), "--sigma", tmp_path / "map.png")
    assert ran.exit_code == 3
    assert "map.png" in ran.stderr
    assert "Traceback" not in ran.stderr
