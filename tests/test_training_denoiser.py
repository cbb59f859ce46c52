"""The denoiser's training: its recipe, losses, batches, and whole runs."""

from __future__ import annotations

import itertools
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click.testing
import numpy as np
import pytest
import tiny
import torch
from patched import ALL_WAYS, pictures, white_noise
from safetensors.torch import load_file
from tars import photos, write_tar
from torch import Tensor

import train_denoiser
from degrading import chain
from restore.backend import Shown, Task
from restore.backends.autoencoder import AutoencoderDenoiser
from restore.nets.autoencoder import CELL, Denoiser, folded_levels
from training import session
from training.denoiser_recipe import DenoiserRecipe, Phase
from training.schedule import trapezoid

ROOT = Path(train_denoiser.__file__).parents[1]
CPU = torch.device("cpu")


# The recipe


PHASES = (Phase(0.5, 24, 6), Phase(0.5, 32, 4))
RECIPE = DenoiserRecipe(
    minutes=6, seed=1, learning_rate=2e-3, weight_decay=0.002, averaging=4, trains="all",
    level_floor=1, told=0.25, validation_every=4, ways=ALL_WAYS, net=tiny.DENOISER, phases=PHASES,
)  # fmt: skip


def config_of(recipe: DenoiserRecipe) -> str:
    """Write the recipe as its configuration file."""
    plain = {k: v for k, v in vars(recipe).items() if k not in ("ways", "net", "phases")}
    tables: dict[str, dict[str, Any]] = {
        "ways": recipe.ways,
        "net": {k: list(v) for k, v in vars(recipe.net).items()},
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    for phase in recipe.phases:
        lines += ["[[phases]]", *(f"{key} = {value}" for key, value in vars(phase).items())]
    return "\n".join(lines)


def test_a_recipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(config_of(RECIPE), encoding="utf-8")
    assert DenoiserRecipe.read(tmp_path / "tiny.toml") == RECIPE


def test_phases_follow_one_another() -> None:
    found = [RECIPE.phase_at(progress) for progress in (0, 0.49, 0.51, 1, 1.2)]
    assert [PHASES.index(phase) for phase in found] == [0, 0, 1, 1, 1]


def test_the_rate_rises_stays_and_falls_but_not_to_nothing() -> None:
    rates = [RECIPE.rate_at(progress) for progress in (0, 0.01, 0.02, 0.6, 0.8, 1, 1.1)]
    assert rates == pytest.approx([2e-5, 1e-3, 2e-3, 2e-3, 1e-3, 2e-5, 2e-5])
    falling = [trapezoid(done) for done in np.linspace(0.6, 1.2, 50)]
    assert falling == sorted(falling, reverse=True)


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("denoiser*.toml")), ids=str)
def test_the_configurations_of_the_product_are_whole(config: Path) -> None:
    recipe = DenoiserRecipe.read(config)
    assert sum(phase.share for phase in recipe.phases) == pytest.approx(1)
    assert all(phase.side % CELL == 0 for phase in recipe.phases)
    assert recipe.ways.keys() == chain.WAYS.keys()
    assert sum(recipe.ways.values()) == pytest.approx(1)
    assert recipe.trains in ("all", "estimator")


# The losses


@pytest.mark.parametrize("sigma", [2 / 255, 25 / 255, 0.3])
def test_the_level_of_a_known_noise_is_measured(sigma: float) -> None:
    level = train_denoiser.level_of(white_noise(2, 3, 96, 128, sigma=sigma))
    assert level.shape == (2, 3, 12, 16)
    assert (level / sigma - 1).abs().mean() < 0.05
    assert (level[..., 1:-1, 1:-1] / sigma - 1).abs().max() < 0.2
    assert float(level.mean()) == pytest.approx(sigma, rel=0.02)


def test_the_level_is_of_its_channel_and_place() -> None:
    noise = white_noise(1, 3, 64, 128, sigma=1.0)
    noise *= torch.tensor([0.0, 0.1, 0.2])[None, :, None, None]
    noise[..., 64:] *= 2
    level = train_denoiser.level_of(noise)[0]
    assert not level[0].any()
    for channel, sigma in ((1, 0.1), (2, 0.2)):
        # Cells beside the border see some of both sides.
        assert float(level[channel, :, :7].mean()) == pytest.approx(sigma, rel=0.1)
        assert float(level[channel, :, 9:].mean()) == pytest.approx(2 * sigma, rel=0.1)
    assert (level[2, :, 7:9].mean(0) > 0.22).all()
    assert (level[2, :, 7:9].mean(0) < 0.38).all()


def test_a_level_is_missed_by_its_factor_alike_above_and_below() -> None:
    level = torch.full((1, 3, 2, 2), 20 / 255)
    twice, half = (train_denoiser.level_loss(level * k, level, 0.0) for k in (2, 0.5))
    assert float(twice) == pytest.approx(np.log(2))
    assert float(half) == pytest.approx(np.log(2))
    assert float(train_denoiser.level_loss(level, level, 1.0)) == 0
    nothing = torch.zeros_like(level)
    assert float(train_denoiser.level_loss(nothing, nothing + 1 / 255, 1.0)) < 0.7


def tiny_net(seed: int = 0) -> Denoiser:
    """Build a network that has begun to do something."""
    torch.manual_seed(seed)
    net = Denoiser(tiny.DENOISER)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return net


def pair(count: int = 2, side: int = 24, sigma: float = 0.1) -> train_denoiser.Pair:
    clean = pictures(count, side)
    return clean, clean + white_noise(count, 3, side, side, sigma=sigma)


def test_pictures_come_with_their_level_or_with_the_estimate() -> None:
    net, (clean, noisy) = tiny_net(), pair()
    shown: list[Tensor] = []
    net.autoencoder.register_forward_pre_hook(lambda _, given: shown.append(given[1]))
    train_denoiser.losses_of(net, (clean, noisy), RECIPE, torch.tensor([1.0, 0.0]))
    truth = folded_levels(train_denoiser.level_of(noisy - clean))
    estimate = folded_levels(net.estimator(noisy))
    torch.testing.assert_close(shown[0][0], truth[0])
    torch.testing.assert_close(shown[0][1], estimate[1])
    assert not torch.allclose(truth[1], estimate[1], rtol=0.1)


def test_a_decibel_counts_alike_in_weak_noise_and_in_strong() -> None:
    clean = torch.full((1, 3, 16, 16), 0.5)

    def loss(error: float) -> float:
        return float(train_denoiser.picture_loss(clean + error, clean))

    weak, strong = loss(0.02) - loss(0.02 * 0.8), loss(0.2) - loss(0.2 * 0.8)
    assert 0 < weak == pytest.approx(strong, rel=0.05)
    assert loss(0.0005) - loss(0) < 0.2 * weak  # it is as good as perfect


def test_each_loss_teaches_its_own_network() -> None:
    for taught, spared in (("picture", "estimator"), ("level", "autoencoder")):
        net = tiny_net()
        losses = train_denoiser.losses_of(net, pair(), RECIPE, torch.zeros(2))
        losses[taught].backward()  # type: ignore[no-untyped-call]
        learned = {n.split(".")[0] for n, p in net.named_parameters() if p.grad is not None}
        assert learned == {"estimator", "autoencoder"} - {spared}


@pytest.mark.parametrize("trains", ["all", "estimator"])
def test_the_losses_fall_and_only_what_is_trained_changes(trains: str) -> None:
    recipe = replace(RECIPE, trains=trains, learning_rate=5e-3)
    run = train_denoiser.Run(recipe, CPU, pictures(1))
    run.seconds = 0.3 * 60 * recipe.minutes  # where the rate is at its height
    before = {name: value.clone() for name, value in run.net.state_dict().items()}
    losses = [run.advance(pair(4, 24)) for _ in range(60)]
    assert set(losses[0]) == ({"picture", "level"} if trains == "all" else {"level"})
    for name in losses[0]:
        first, last = (np.mean([loss[name] for loss in some]) for some in (losses[:5], losses[-5:]))
        assert last < 0.8 * first
    changed = {
        name.split(".")[0]
        for name, value in run.net.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == ({"estimator", "autoencoder"} if trains == "all" else {"estimator"})
    assert run.step == 60
    assert run.seen == 60 * 4 * 24 * 24


# Batches


def test_a_batch_is_decided_by_the_run_s_seed_and_its_number() -> None:
    one, again, other = (
        train_denoiser.make(photos(6), RECIPE, PHASES[1], number) for number in (5, 5, 6)
    )
    for part, same, different in zip(one, again, other, strict=True):
        assert part.shape == (4, 3, 32, 32)
        assert part.is_contiguous()
        assert torch.equal(part, same)
        assert not torch.equal(part, different)


def test_half_of_the_batches_keep_the_place_of_jpeg_s_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def places(_: object, count: int, side: int, random: np.random.Generator) -> Tensor:
        axis = torch.arange(side).float()
        rows, columns = torch.meshgrid(axis, axis, indexing="ij")
        return torch.stack([rows, columns, rows])[None].expand(count, -1, -1, -1)

    monkeypatch.setattr(train_denoiser, "random_patches", places)
    monkeypatch.setattr(train_denoiser, "degraded", lambda clean, *_: (clean, clean + 0.5))
    kept = 0
    for number in range(300):
        clean, noisy = train_denoiser.make([], RECIPE, Phase(1, 16, 1), number)
        assert torch.equal(noisy, clean + 0.5)  # both are cut in the same place
        assert clean.shape == (1, 3, 16, 16)
        top, left = clean[0, :2, 0, 0].tolist()
        assert 0 <= top <= CELL
        assert 0 <= left <= CELL
        kept += top % CELL == 0 and left % CELL == 0
    assert kept / 300 == pytest.approx(0.5 + 0.5 / 64, abs=0.08)


# Measuring


def test_validation_measures_the_averaged_weights() -> None:
    run = train_denoiser.Run(RECIPE, CPU, 0.4 + 0.2 * pictures(3, 56))
    values = run.averaged.values
    for name in ("autoencoder.tail", "estimator.layers.12"):
        values[f"{name}.weight"].zero_()
    values["autoencoder.tail.bias"].fill_(0.01)  # every picture comes back 0.01 darker
    values["estimator.layers.12.bias"].fill_(25 / 255)  # whatever it is shown
    found = run.measure()
    assert found["psnr_clean"] == pytest.approx(40, abs=0.01)
    assert found["level_clean"] == pytest.approx(25, rel=1e-3)
    # 15, 25 and 50 were there and 25 was said: the middle error is that of 50.
    assert found["level_error"] == pytest.approx(0.5, abs=0.05)
    for sigma in train_denoiser.VALIDATION_SIGMAS:
        expected = -10 * np.log10((sigma / 255) ** 2 + 0.01**2)
        assert found[f"psnr_{sigma}"] == pytest.approx(expected, abs=0.4)


# Whole runs


@pytest.fixture
def sigterm() -> Iterator[None]:
    """Give the signal's handler back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


Train = Callable[..., list[dict[str, float]]]


@pytest.fixture
def train(tmp_path: Path, sigterm: None, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Run the program as `train(recipe, "out", ...)`; it returns the lines of the curve."""
    write_tar(tmp_path / "data/train-hires/a.tar", photos(4))
    write_tar(tmp_path / "data/train-hires/b.tar", photos(8)[4:])
    clock = itertools.count(step=20)  # seconds: a look at it for every step
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(train_denoiser, "VALIDATION_SIDE", 32)

    def run(recipe: DenoiserRecipe, out: str, *more: object) -> list[dict[str, float]]:
        config, folder = tmp_path / "tiny.toml", tmp_path / out
        config.write_text(config_of(recipe), encoding="utf-8")
        words = [config, "--data", tmp_path / "data", "--out", folder, "--device", "cpu"]
        words += ["--threads", "1", *more]
        runner = click.testing.CliRunner()
        ran = runner.invoke(train_denoiser.main, [str(w) for w in words], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        assert ran.output.startswith("6 photos, 2 held, ")
        return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]

    return run


def test_a_run_stops_goes_on_and_ends(
    tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = train_denoiser.Run.advance

    def interrupted(run: train_denoiser.Run, pair: train_denoiser.Pair) -> dict[str, float]:
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return advance(run, pair)

    with monkeypatch.context() as patch:
        patch.setattr(train_denoiser.Run, "advance", interrupted)
        lines = train(RECIPE, "out")
    path = tmp_path / "out/denoiser.safetensors"
    assert lines[-1]["step"] == 5
    assert lines[-1]["minute"] == pytest.approx(5 * 20 / 60, abs=0.01)
    assert {"picture", "level", "psnr_25", "psnr_clean", "level_error"} <= lines[-1].keys()
    first = load_file(path)

    lines = train(RECIPE, "out")
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    assert lines[-1]["step"] == 18  # 6 minutes of 20 seconds, the first 5 steps among them
    assert {line["side"] for line in lines} == {24, 32}
    assert not list((tmp_path / "out").glob("*.part"))
    last = load_file(path)
    for part in ("autoencoder.tail.weight", "estimator.layers.0.weight"):
        assert last[part].dtype == torch.float16
        assert last[part].isfinite().all()
        assert not torch.equal(first[part], last[part])
    backend = AutoencoderDenoiser.load(Task.DENOISE, {"new": path}, {}, CPU, torch.float32)
    with torch.inference_mode():
        assert backend.levels(Shown(pictures(1, 32))).shape == (1, 3, 4, 4)

    assert train(RECIPE, "out")[-1]["step"] == 18  # the time is up: nothing more to do


def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, train: Train) -> None:
    recipe = replace(RECIPE, minutes=3, phases=(Phase(1, 24, 4),))
    train(recipe, "whole")
    assert train(recipe, "parts", "--session-minutes", "1")[-1]["step"] == 3
    assert train(recipe, "parts")[-1]["step"] == 9
    whole, parts = (
        load_file(tmp_path / f"{out}/denoiser.safetensors") for out in ("whole", "parts")
    )
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_can_start_with_the_weights_of_another(tmp_path: Path, train: Train) -> None:
    (given,) = tiny.denoiser_net(tmp_path).values()
    recipe = replace(RECIPE, trains="estimator")
    train(recipe, "out", "--start", given, "--minutes", "0.5")
    before, after = load_file(given), load_file(tmp_path / "out/denoiser.safetensors")
    assert before.keys() == after.keys()
    for name in before:
        same = torch.equal(before[name].half(), after[name])
        assert same == name.startswith("autoencoder"), name
