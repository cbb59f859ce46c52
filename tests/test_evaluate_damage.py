"""The program that measures the finder, and the product in it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import tiny
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from torch import nn
from traced_prints import (
    evaluation_folder,
    picture,
    trace,
)

from evaluate_damage import TABLES, main
from evaluation.denoising.photographs import opened
from evaluation.finding import tables
from evaluation.finding.drawn import damaged
from evaluation.finding.product import Product
from evaluation.finding.shares import Shares
from evaluation.restoring.product import Restorer
from restore import defaults
from restore.nets.damage import DamageNet


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return evaluation_folder(tmp_path, monkeypatch)


NET = tiny.DAMAGE


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Random weights of a small network that takes some of a picture for damage."""
    torch.manual_seed(0)
    path = tmp_path / "damage.safetensors"
    net = DamageNet(NET)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.15)
    nn.init.constant_(net.tail.bias, -4)
    return stored(net, path)


def stored(net: DamageNet, path: Path) -> Path:
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(net.config))})
    return path


def certain(logit: float, path: Path) -> Path:
    """Write a network that says the same of every pixel."""
    net = DamageNet(NET)
    nn.init.zeros_(net.tail.weight)
    nn.init.constant_(net.tail.bias, logit)
    return stored(net, path)


@pytest.fixture
def tiny_restorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill with a small random network."""
    restorer = Restorer(tiny.pixel_net(tmp_path)["tiny"], 1)
    monkeypatch.setattr(tables.Restorer, "of", lambda *_: restorer)


# The product's eye


def test_the_eye_sees_what_its_network_does(tmp_path: Path) -> None:
    empty = Product.of(certain(-9, tmp_path / "a.safetensors"), 128).damage(picture(50, 61))
    full = Product.of(certain(9, tmp_path / "b.safetensors"), 128).damage(picture(50, 61))
    assert empty.mask.shape == full.mask.shape == (50, 61)
    assert not empty.mask.any()
    assert full.mask.all()
    assert full.sure > 0.99


def test_the_threshold_is_heard(tmp_path: Path, weights: Path) -> None:
    shares = [Product.of(weights, least).damage(picture()).mask.mean() for least in (40, 128, 200)]
    assert 1 > shares[0] > shares[1] > shares[2] > 0
    likely = certain(1, tmp_path / "same.safetensors")  # 186 of 255, everywhere
    assert Product.of(likely, 186).damage(picture()).mask.all()
    assert not Product.of(likely, 187).damage(picture()).mask.any()


def test_by_default_the_weights_that_ship_are_taken() -> None:
    case = damaged(picture(128, 128), 3)
    found = Product.of(None, 128).damage(case.pixels)
    shares = Shares.of(found.mask, case.truth)
    assert shares.recall > 0.3
    assert shares.precision > 0.5


# The program


def told(data: Path, *more: object) -> str:
    ran = CliRunner().invoke(main, [str(word) for word in ("--data", data, *more)])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.usefixtures("tiny_restorer")
def test_all_tables_of_a_folder(data: Path, weights: Path, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    said = told(data, "--weights", weights, "--json", numbers)
    assert re.findall("^## (.*)$", said, re.MULTILINE) == [
        "Drawn scratches and dust",
        "Clean photographs",
        "Large scans",
        "Old prints, traced by eye",
    ]
    assert "Skipped" not in said
    found = json.loads(numbers.read_text(encoding="utf-8"))
    assert list(found) == list(TABLES)
    assert 0 < found["drawn"]["found"] < 1
    assert 0 < found["drawn"]["right"] < 1
    assert set(found["clean"]["taken"]) == {"kodak24/a", "kodak24/b"}
    product = Product.of(weights, defaults.LIKELY)
    for name, share in found["clean"]["taken"].items():
        mask = product.damage(opened(data / f"{name}.png")).mask
        assert share > 0
        assert share == pytest.approx(mask.mean())
    assert f"{found['traced']['p']['found']:.1%}" in said
    assert all(table["seconds"] >= 0 for table in found.values())


@pytest.mark.parametrize("name", ["clean", "traced"])
def test_only_what_is_asked_for_is_measured(name: str, data: Path, weights: Path) -> None:
    said = told(data, "--weights", weights, "--only", name)
    assert said.count("## ") == 1
    titles = {"clean": "Clean photographs", "traced": "Old prints, traced by eye"}
    assert said.startswith(f"## {titles[name]}\n")
    assert "| --- |" in said


def test_tables_without_photographs_are_skipped(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace(tmp_path / "traced", monkeypatch)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert told(empty, "--weights", weights).count("Skipped") == len(TABLES)


def test_the_threshold_that_is_asked_for_is_taken(data: Path, tmp_path: Path) -> None:
    weights = certain(1, tmp_path / "same.safetensors")
    for least, taken in ((186, "100.0000%"), (187, "0.0000%")):
        words = ("--weights", weights, "--only", "clean", "--threshold", least)
        assert f"| of pixels are taken for damage | {taken} |" in told(data, *words)


@pytest.mark.parametrize("kind", ["text", "denoiser"])
def test_other_weights_are_refused_in_a_line(kind: str, data: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"no weights")
    if kind == "denoiser":
        (wrong,) = tiny.denoiser_net(tmp_path).values()
    ran = CliRunner().invoke(main, ["--data", str(data), "--weights", str(wrong)])
    assert ran.exit_code == 1
    assert "holds no weights of this backend" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.usefixtures("package")
def test_weights_that_do_not_ship_are_told_of(data: Path) -> None:
    ran = CliRunner().invoke(main, ["--data", str(data)])
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--data"),
        (["--data", ".", "--only", "clean,speed"], "no table 'speed'"),
        (["--data", ".", "--threshold", "0"], "--threshold"),
        (["--data", ".", "--threshold", "256"], "--threshold"),
        (["--data", "no/such/folder"], "--data"),
        (["--data", ".", "--weights", "no/such/file"], "--weights"),
    ],
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 2
    assert said in ran.stderr
