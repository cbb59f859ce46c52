"""Putting weights into the package: what the lock then says, and what is refused."""

from __future__ import annotations

import importlib.resources
import io
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path

import click.testing
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny import denoiser_net

import ship_denoiser
from restore import weights
from restore.errors import WeightsError
from shipping import lock
from shipping.lock import Shipped

ONE = Shipped("one-v1", "autoencoder", "train_one.py, commit abc1234", "10 drawings")
TWO = Shipped("two-v1", "diffusion", "train_two.py, commit def5678", "20 drawings")


def test_what_is_stored_is_accepted_by_the_program(package: Path) -> None:
    lock.store(ONE, b"its weights")
    found = weights.verified("one-v1")
    assert found.path.read_bytes() == b"its weights"
    assert found.path == package / "models/one-v1.safetensors"
    assert found.entry.embedded
    assert found.entry.files["net"].bytes == 11
    assert (found.entry.backend, found.entry.source) == (ONE.backend, ONE.source)
    assert found.entry.data == "10 drawings"
    assert found.entry.licence == lock.LICENCE


def test_other_entries_stay_as_they_are(package: Path) -> None:
    lock.store(TWO, b"second")
    before = tomllib.loads(lock.LOCK.read_text(encoding="utf-8"))
    lock.store(ONE, b"first")
    after = tomllib.loads(lock.LOCK.read_text(encoding="utf-8"))
    assert list(after) == ["one-v1", "two-v1"]
    assert after["two-v1"] == before["two-v1"]
    assert weights.verified("two-v1").path.read_bytes() == b"second"


def test_storing_again_replaces_the_file_and_its_entry(package: Path) -> None:
    lock.store(ONE, b"old weights")
    lock.store(ONE, b"new")
    assert weights.verified("one-v1").path.read_bytes() == b"new"
    (package / "models/one-v1.safetensors").write_bytes(b"old")
    with pytest.raises(WeightsError, match="SHA-256"):
        weights.verified("one-v1")


def test_the_order_of_storing_does_not_matter(package: Path) -> None:
    texts = []
    for order in ((ONE, TWO), (TWO, ONE)):
        lock.LOCK.unlink(missing_ok=True)
        for shipped in order:
            lock.store(shipped, b"weights")
        texts.append(lock.LOCK.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert texts[0].startswith(lock.HEAD)


@pytest.mark.parametrize("text", ['with "quotes"', "C:\\new\\table", "two\nlines", "naïve – 数"])
def test_any_text_is_read_back(package: Path, text: str) -> None:
    lock.store(Shipped("one-v1", "autoencoder", text, text), b"weights")
    assert weights.find("one-v1").source == text
    assert weights.find("one-v1").data == text


def test_a_name_with_a_dot_is_one_name(package: Path) -> None:
    lock.store(Shipped("one-v1.1", "autoencoder", "s", "d"), b"weights")
    lock.store(TWO, b"weights")
    assert list(weights.lock()) == ["one-v1.1", "two-v1"]
    assert weights.verified("one-v1.1").path.name == "one-v1.1.safetensors"


def test_the_lock_of_the_product_is_as_this_writes_it() -> None:
    text = lock.LOCK.read_text(encoding="utf-8")
    assert lock.written(tomllib.loads(text)) == text


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    log = subprocess.run(
        [*git, "log", "--format=%H"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert len(lock.head()) >= 4
    assert log.startswith(lock.head())


# The denoiser


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Smooth photos, in which all noise can be told from the picture."""
    folder = tmp_path / "data/train-hires"
    folder.mkdir(parents=True)
    y, x = np.mgrid[0:256, 0:260] / 256
    with tarfile.open(folder / "a.tar", "w") as archive:
        for number in range(2):
            planes = [128 + 80 * np.sin(3 * x + c + number) * np.cos(2 * y - c) for c in range(3)]
            stream = io.BytesIO()
            Image.fromarray(np.stack(planes, -1).astype(np.uint8)).save(stream, "PNG")
            member = tarfile.TarInfo(f"{number}.png")
            member.size = stream.tell()
            stream.seek(0)
            archive.addfile(member, stream)
    return tmp_path / "data"


def ship(path: Path, data: Path, *more: str) -> click.testing.Result:
    words = [str(path), "--data", str(data), "--commit", "abc1234", *more]
    return click.testing.CliRunner().invoke(ship_denoiser.main, words)


def test_weights_that_do_not_denoise_are_refused(tmp_path: Path, data: Path, package: Path) -> None:
    (untrained,) = denoiser_net(tmp_path).values()
    ran = ship(untrained, data)
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr == "Error: a denoiser gains 6.0 dB: this one is not trained\n"
    assert not any(package.iterdir())


def test_weights_that_denoise_are_stored_and_locked(
    tmp_path: Path, data: Path, package: Path
) -> None:
    shipped = importlib.resources.files("restore") / "models/denoiser-v1.safetensors"
    trained = tmp_path / "trained.safetensors"
    trained.write_bytes(shipped.read_bytes())
    ran = ship(trained, data, "--name", "denoiser-v9", "--configs", "configs/a.toml and b.toml")
    assert ran.exit_code == 0, ran.output
    assert "gain at sigma 25: " in ran.stdout
    found = weights.verified("denoiser-v9")
    assert found.path.read_bytes() == trained.read_bytes()
    assert found.entry.backend == "autoencoder"
    assert "with configs/a.toml and b.toml, commit abc1234" in found.entry.source
    assert found.entry.data.startswith("2 photographs ")
    assert found.entry.data.endswith("docs/models/denoiser-v9.md")


def refused(ran: click.testing.Result) -> str:
    """Return the message of a run that failed without a traceback."""
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr.startswith("Error: ")
    return ran.stderr


def test_a_network_of_another_kind_is_refused(tmp_path: Path, data: Path, package: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    assert "does not describe its network" in refused(ship(path, data))
    assert not any(package.iterdir())


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, data: Path, package: Path) -> None:
    (weights_file,) = denoiser_net(tmp_path).values()
    text = tmp_path / "notes.txt"
    text.write_text("not weights", encoding="utf-8")
    assert "holds no weights" in refused(ship(text, data))
    for first, second in ((text, weights_file), (weights_file, text)):
        assert "cannot be joined" in refused(ship(first, data, "--estimator", str(second)))
    assert not any(package.iterdir())


def test_data_without_photographs_is_refused(tmp_path: Path, package: Path) -> None:
    (weights_file,) = denoiser_net(tmp_path).values()
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no shards" in refused(ship(weights_file, empty))


def test_an_estimator_of_another_network_is_refused(
    tmp_path: Path, data: Path, package: Path
) -> None:
    (weights_file,) = denoiser_net(tmp_path).values()
    state = load_file(weights_file)
    other = tmp_path / "other.safetensors"
    save_file({name: value for name, value in state.items() if "estimator" not in name}, other)
    assert "has no estimator" in refused(ship(weights_file, data, "--estimator", str(other)))
    save_file({name: torch.zeros(2, 3, 4) for name in state}, other)
    words = ("--estimator", str(other), "--share", "0.5")
    assert "cannot be joined" in refused(ship(weights_file, data, *words))


def test_a_share_of_no_estimator_is_a_usage_error(tmp_path: Path, data: Path) -> None:
    (weights_file,) = denoiser_net(tmp_path).values()
    ran = ship(weights_file, data, "--share", "0.5")
    assert ran.exit_code == 2
    assert "--estimator" in ran.stderr


@pytest.mark.parametrize(("share", "expected"), [(1.0, 3), (0.5, 2), (0.0, 1)])
def test_an_estimator_of_another_run_is_joined(
    tmp_path: Path,
    data: Path,
    package: Path,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    expected: int,
) -> None:
    monkeypatch.setattr(ship_denoiser, "LEAST_GAIN", -100.0)  # of random weights
    (drawn,) = denoiser_net(tmp_path).values()
    state = load_file(drawn)
    with safe_open(drawn, framework="pt") as file:
        config = file.metadata()["config"]
    paths = []
    for value in (1 / 64, 3 / 64):  # of every weight
        path = tmp_path / f"{round(64 * value)}.safetensors"
        filled = {name: torch.full_like(weight, value) for name, weight in state.items()}
        save_file(filled, path, metadata={"config": config})
        paths.append(path)
    out = tmp_path / "runs/joined.safetensors"
    words = ("--estimator", str(paths[1]), "--share", str(share), "--out", str(out))
    ran = ship(paths[0], data, *words)
    assert ran.exit_code == 0, ran.output
    for name, weight in load_file(out).items():
        assert (weight == (expected if name.startswith("estimator.") else 1) / 64).all(), name
    with safe_open(out, framework="pt") as file:
        assert file.metadata()["config"] == config
    assert not any(package.iterdir())


def test_weights_that_make_no_numbers_are_refused(
    tmp_path: Path, data: Path, package: Path
) -> None:
    (drawn,) = denoiser_net(tmp_path).values()
    with safe_open(drawn, framework="pt") as file:
        metadata = file.metadata()
    broken = {name: torch.full_like(weight, torch.nan) for name, weight in load_file(drawn).items()}
    save_file(broken, drawn, metadata=metadata)
    assert "not trained" in refused(ship(drawn, data))
    assert not any(package.iterdir())


def test_the_file_that_is_measured_can_be_opened_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a temporary file that is open cannot be opened again."""

    def locked(*args: object, **options: object) -> None:
        raise PermissionError("it is open")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", locked)
    with pytest.raises(WeightsError, match="holds no weights"):
        ship_denoiser.gain(b"not weights", torch.zeros(1, 3, 16, 16))
