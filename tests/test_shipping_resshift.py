"""Putting a restorer into the package: only one that restores, fills and enlarges."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import click.testing
import pytest
import tiny
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tars import coloured, write_tar

import ship_resshift
from restore import weights
from training import restoring_gain


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small pictures to measure by."""
    monkeypatch.setattr(restoring_gain, "SIDE", 48)
    monkeypatch.setattr(ship_resshift, "APART", 1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_tar(tmp_path / "data/train-hires/a.tar", [coloured(seed=seed) for seed in range(4)])
    return tmp_path / "data"


def ship(path: Path, data: Path, *more: str) -> click.testing.Result:
    words = [str(path), "--data", str(data), "--commit", "abc1234", *more]
    return click.testing.CliRunner().invoke(ship_resshift.main, words)


def refused(ran: click.testing.Result, package: Path) -> str:
    """Return the message of a run that failed without a traceback and left nothing behind."""
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr.startswith("Error: ")
    assert not any(package.iterdir())
    return ran.stderr


def test_weights_that_are_not_trained_are_refused(
    tmp_path: Path, data: Path, package: Path
) -> None:
    (untrained,) = tiny.pixel_net(tmp_path).values()
    ran = ship(untrained, data)
    assert "everywhere_mean must gain 1.0 dB: this one is not trained" in refused(ran, package)


@pytest.mark.parametrize("kind", ship_resshift.LEAST_GAIN)
def test_one_kind_that_gains_too_little_is_enough_to_refuse(
    kind: str, tmp_path: Path, data: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drawn,) = tiny.pixel_net(tmp_path).values()
    for low in (ship_resshift.LEAST_GAIN[kind] - 0.01, float("nan")):
        found = {**dict.fromkeys(ship_resshift.LEAST_GAIN, 9.0), kind: low}
        monkeypatch.setattr(ship_resshift, "gains", lambda *_, found=found: found)
        assert f"{kind} must gain" in refused(ship(drawn, data), package)


def test_weights_that_gain_enough_are_stored_and_locked(
    tmp_path: Path, data: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def noting(path: Path, *args: object, **options: object) -> tarfile.TarFile:
        opened.append(Path(path))
        return tarfile.TarFile.open(fileobj=io.BytesIO(Path(path).read_bytes()))

    write_tar(data / "eval/kodak24/a.tar", [])
    monkeypatch.setattr(tarfile, "open", noting)
    least = dict.fromkeys(ship_resshift.LEAST_GAIN, -100.0)  # of random weights
    monkeypatch.setattr(ship_resshift, "LEAST_GAIN", least)
    (drawn,) = tiny.pixel_net(tmp_path).values()
    ran = ship(drawn, data, "--name", "resshift-v9")
    assert ran.exit_code == 0, ran.output
    assert [line.split(":")[0] for line in ran.stdout.splitlines()] == [*least, "error_per_spread"]
    found = weights.verified("resshift-v9")
    same, stored = load_file(drawn), load_file(found.path)
    assert all(torch.equal(stored[name], weight) for name, weight in same.items())
    with safe_open(found.path, framework="pt") as file:
        config = json.loads(file.metadata()["config"])
    assert set(config["error_per_spread"]) == {"denoise", "inpaint", "upscale"}
    assert all(0 < ratio < 1000 for ratio in config["error_per_spread"].values())
    assert found.entry.backend == "resshift"
    assert found.entry.source.endswith("configs/resshift.toml, commit abc1234")
    assert found.entry.data.startswith("4 photographs ")
    assert found.entry.data.endswith("docs/models/resshift-v9.md")
    assert opened == [data / "train-hires/a.tar"]


def test_weights_that_make_no_numbers_are_refused(
    tmp_path: Path, data: Path, package: Path
) -> None:
    (drawn,) = tiny.pixel_net(tmp_path).values()
    with safe_open(drawn, framework="pt") as file:
        metadata = file.metadata()
    broken = {name: torch.full_like(weight, torch.nan) for name, weight in load_file(drawn).items()}
    save_file(broken, drawn, metadata=metadata)
    assert "not trained" in refused(ship(drawn, data), package)


def test_what_is_no_restorer_is_refused(tmp_path: Path, data: Path, package: Path) -> None:
    text, other, published = (tmp_path / name for name in ("a.txt", "b.safetensors", "c"))
    text.write_text("not weights", encoding="utf-8")
    save_file({"weight": torch.zeros(3)}, other)
    save_file({"weight": torch.zeros(3)}, published, metadata={"config": '{"model": "x"}'})
    (denoiser,) = tiny.denoiser_net(tmp_path).values()
    for path in (text, other, published, denoiser):
        assert "holds no weights of this backend" in refused(ship(path, data), package)


def test_too_few_photographs_are_refused(tmp_path: Path, package: Path) -> None:
    (drawn,) = tiny.pixel_net(tmp_path).values()
    (tmp_path / "empty").mkdir()
    assert "no shards" in refused(ship(drawn, tmp_path / "empty"), package)
    write_tar(tmp_path / "few/train-hires/a.tar", [coloured(), coloured(seed=1)])
    assert "takes 3 photographs" in refused(ship(drawn, tmp_path / "few"), package)
