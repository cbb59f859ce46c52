"""Putting an eye for damage into the package: only one that sees damage and little else."""

from __future__ import annotations

import io
import json
import tarfile
import tomllib
from dataclasses import replace
from pathlib import Path

import click.testing
import pytest
import tiny
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tars import photos, write_tar

import ship_damage
from restore import registry, weights
from restore.errors import WeightsError
from restore.nets.damage import DamageConfig, DamageNet
from shipping import lock
from shipping.lock import Shipped
from training import damage_finding
from training.damage_recipe import DamageRecipe

NET = tiny.DAMAGE
APART = ship_damage.APART  #: as it is, not as these tests make it
GOOD = {"loss": 0.1, "found": 0.8, "right": 0.9, "false": 0.0001}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and small pictures to measure by."""
    monkeypatch.setattr(damage_finding, "SIDE", 48)
    monkeypatch.setattr(damage_finding, "PATCH", 32)
    monkeypatch.setattr(ship_damage, "APART", 2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_tar(tmp_path / "data/train-hires/a.tar", photos(4))
    return tmp_path / "data"


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Random weights of a small network."""
    return tiny.damage_net(tmp_path)["tiny"]


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is measured sees well."""
    monkeypatch.setattr(ship_damage, "found_of", lambda *_: GOOD)


def ship(path: Path, data: Path, *more: str) -> click.testing.Result:
    words = [str(path), "--data", str(data), "--commit", "abc1234", *more]
    return click.testing.CliRunner().invoke(ship_damage.main, words)


def refused(ran: click.testing.Result, package: Path) -> str:
    """Return the message of a run that failed in a line and left nothing behind."""
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr.startswith("Error: ")
    assert ran.stderr.count("\n") == 1
    assert not any(package.iterdir())
    return ran.stderr


# Refusals


def test_weights_that_are_not_trained_are_refused(drawn: Path, data: Path, package: Path) -> None:
    said = refused(ship(drawn, data), package)
    assert "must be" in said
    assert said.endswith(": this one is not trained\n")


@pytest.mark.parametrize(
    ("what", "bar", "wrong"),
    [(what, bar, "more") for what, bar in ship_damage.LEAST.items()]
    + [(what, bar, "less") for what, bar in ship_damage.MOST.items()],
)
def test_one_figure_beyond_its_bar_is_enough_to_refuse(
    what: str,
    bar: float,
    wrong: str,
    drawn: Path,
    data: Path,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    beyond = bar - 0.001 if wrong == "more" else bar + 0.001
    for value in (beyond, float("nan")):
        found = {**GOOD, what: value}
        monkeypatch.setattr(ship_damage, "found_of", lambda *_, found=found: found)
        assert f"{what} must be {bar} or {wrong}" in refused(ship(drawn, data), package)
    monkeypatch.setattr(ship_damage, "found_of", lambda *_: {**GOOD, what: bar})
    assert ship(drawn, data).exit_code == 0


def test_weights_that_make_no_numbers_are_refused(drawn: Path, data: Path, package: Path) -> None:
    with safe_open(drawn, framework="pt") as file:
        metadata = file.metadata()
    broken = {name: torch.full_like(weight, torch.nan) for name, weight in load_file(drawn).items()}
    save_file(broken, drawn, metadata=metadata)
    assert "not trained" in refused(ship(drawn, data), package)


@pytest.mark.usefixtures("good")
def test_what_is_no_eye_for_damage_is_refused(tmp_path: Path, data: Path, package: Path) -> None:
    text, other, published = (tmp_path / name for name in ("a.txt", "b.safetensors", "c"))
    text.write_text("not weights", encoding="utf-8")
    save_file({"weight": torch.zeros(3)}, other)
    save_file({"weight": torch.zeros(3)}, published, metadata={"config": '{"model": "x"}'})
    (denoiser,) = tiny.denoiser_net(tmp_path).values()
    for path in (text, other, published, denoiser):
        assert "holds no weights of this backend" in refused(ship(path, data), package)


@pytest.mark.usefixtures("good")
def test_data_without_photographs_is_refused(tmp_path: Path, drawn: Path, package: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no shards" in refused(ship(drawn, tmp_path / "empty"), package)
    write_tar(tmp_path / "none/train-hires/a.tar", [])
    refused(ship(drawn, tmp_path / "none"), package)


# What ships


@pytest.mark.usefixtures("good")
def test_weights_that_see_well_are_stored_and_locked(
    drawn: Path, data: Path, package: Path
) -> None:
    ran = ship(drawn, data, "--name", "damage-v9", "--configs", "configs/a.toml")
    assert ran.exit_code == 0, ran.output
    said = [line.split(": ") for line in ran.stdout.splitlines()]
    told = {name: float(value) for name, value in said}
    share = told.pop("damaged_share")
    assert told == GOOD
    assert 0 < share < 0.2
    found = weights.verified("damage-v9")
    assert found.path == package / "models/damage-v9.safetensors"
    same, stored = load_file(drawn), load_file(found.path)
    assert same.keys() == stored.keys()
    assert all(torch.equal(stored[name], weight) for name, weight in same.items())
    with safe_open(found.path, framework="pt") as file:
        config = DamageConfig.of(json.loads(file.metadata()["config"]))
    assert config == replace(NET, damaged_share=share)
    assert found.entry.backend == registry.FINDER.name == "damage"
    assert found.entry.tasks == ("inpaint",)
    assert found.entry.embedded
    assert found.entry.licence == lock.LICENCE
    assert found.entry.source.endswith("with configs/a.toml, commit abc1234")
    assert found.entry.data.endswith("docs/models/damage-v9.md")
    table = tomllib.loads(lock.LOCK.read_text(encoding="utf-8"))
    assert table["damage-v9"]["tasks"] == ["inpaint"]


@pytest.mark.usefixtures("good")
def test_what_ships_by_default_is_what_the_program_looks_for(
    drawn: Path, data: Path, package: Path
) -> None:
    assert ship(drawn, data).exit_code == 0
    found = weights.verified(registry.FINDER.models[0])
    finder = registry.load_finder().load(found.paths, torch.device("cpu"), torch.float32)
    seen = finder.likely(torch.rand(1, 3, 128, 128))
    assert seen.shape == (1, 1, 128, 128)


def test_it_is_measured_on_the_photographs_kept_apart(
    drawn: Path, data: Path, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    shown: list[torch.Tensor] = []

    def noting(path: Path, *args: object, **options: object) -> tarfile.TarFile:
        opened.append(Path(path))
        return tarfile.TarFile.open(fileobj=io.BytesIO(Path(path).read_bytes()))

    def measured(net: DamageNet, held: damage_finding.Prints, *_: object) -> dict[str, float]:
        assert not net.training
        assert net.config == NET
        shown.append(held.scan)
        return GOOD

    write_tar(data / "eval/kodak24/a.tar", [])
    write_tar(data / "train/a.tar", [])
    expected = damage_finding.kept_apart(photos(4)[::2])
    monkeypatch.setattr(tarfile, "open", noting)
    monkeypatch.setattr(ship_damage, "found_of", measured)
    assert ship(drawn, data).exit_code == 0
    assert opened == [data / "train-hires/a.tar"]
    assert torch.equal(shown[0], expected.scan)


def test_what_is_kept_apart_is_what_training_keeps_apart() -> None:
    config = Path(ship_damage.__file__).parents[1] / "configs/damage.toml"
    assert DamageRecipe.read(config).validation_every == APART


# The lock


def test_tasks_are_written_where_there_are_any(package: Path) -> None:
    lock.store(Shipped("all-v1", "autoencoder", "s", "d"), b"weights")
    lock.store(Shipped("some-v1", "damage", "s", "d", ("inpaint", "denoise")), b"weights")
    table = tomllib.loads(lock.LOCK.read_text(encoding="utf-8"))
    assert "tasks" not in table["all-v1"]
    assert table["some-v1"]["tasks"] == ["inpaint", "denoise"]
    assert weights.find("all-v1").tasks == ()
    assert weights.find("some-v1").tasks == ("inpaint", "denoise")
    assert lock.written(table) == lock.LOCK.read_text(encoding="utf-8")


@pytest.mark.parametrize("tasks", ['"inpaint"', "[1]", '["inpaint", true]'])
def test_tasks_that_are_no_names_are_refused(package: Path, tasks: str) -> None:
    lock.store(Shipped("some-v1", "damage", "s", "d", ("inpaint",)), b"weights")
    text = lock.LOCK.read_text(encoding="utf-8")
    lock.LOCK.write_text(text.replace('["inpaint"]', tasks), encoding="utf-8")
    with pytest.raises(WeightsError, match="tasks"):
        weights.find("some-v1")
