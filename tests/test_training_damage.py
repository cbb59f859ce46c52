"""The training of the finder: its recipe, its loss, its steps, whole runs."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import tarfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import click.testing
import numpy as np
import pytest
import tiny
import torch
from pictures import detailed
from safetensors import safe_open
from safetensors.torch import load_file
from tars import coloured, photos, write_tar

import train_damage
from degrading.prints import Prints, prints
from restore import registry, weights
from restore.backends.stored import read_net
from restore.nets.damage import DamageConfig, DamageNet
from training import damage_finding, session
from training.damage_finding import EACH, kept_apart
from training.damage_recipe import DamageRecipe

ROOT = Path(train_damage.__file__).parents[1]
CPU = torch.device("cpu")
NET = tiny.DAMAGE
RECIPE = DamageRecipe(
    minutes=6, seed=1, learning_rate=5e-3, weight_decay=0.002, averaging=4, side=32, batch=4,
    detailed=0.6, validation_every=4, net=NET,
)  # fmt: skip
FIGURES = {"loss", "found", "right", "false"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage_finding, "SIDE", 32)


def config_of(recipe: DamageRecipe) -> str:
    """Write the recipe as its configuration file."""
    plain = {k: v for k, v in vars(recipe).items() if k != "net"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    lines += ["[net]", *(f"{key} = {json.dumps(v)}" for key, v in asdict(recipe.net).items())]
    return "\n".join(lines)


def batch(count: int = 6, seed: int = 0) -> Prints:
    grey = detailed(count, 32).mean(1, keepdim=True)
    return prints(grey, np.random.default_rng(seed))


def begun(recipe: DamageRecipe = RECIPE) -> train_damage.DamageRun:
    return train_damage.DamageRun(recipe, CPU, kept_apart(photos(2)))


# The recipe


def test_a_recipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(config_of(RECIPE), encoding="utf-8")
    assert DamageRecipe.read(tmp_path / "tiny.toml") == RECIPE


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [RECIPE.rate_at(progress) for progress in (0, 0.01, 0.3, 0.8, 1)]
    assert rates == pytest.approx([5e-5, 2.5e-3, 5e-3, 2.5e-3, 5e-5])


@pytest.mark.parametrize("name", ["damage", "damage-longer"])
def test_the_configurations_of_the_product_are_whole(name: str) -> None:
    recipe = DamageRecipe.read(ROOT / f"configs/{name}.toml")
    assert 0 < recipe.detailed < 1
    net = DamageNet(recipe.net)
    assert recipe.side % net.multiple_of == 0
    assert 1_000_000 < sum(parameter.numel() for parameter in net.parameters()) < 5_000_000
    with torch.inference_mode():
        assert net(torch.rand(1, 1, 64, 32)).shape == (1, 1, 64, 32)


def test_the_configuration_is_that_of_the_weights_that_ship() -> None:
    recipe = DamageRecipe.read(ROOT / "configs/damage.toml")
    shipped = weights.verified(registry.FINDER.models[0]).path
    with safe_open(shipped, framework="pt") as file:
        config = DamageConfig.of(json.loads(file.metadata()["config"]))
    assert (config.widths, config.depths) == (recipe.net.widths, recipe.net.depths)
    DamageNet(recipe.net).load_state_dict(load_file(shipped))


# The loss


def test_only_pixels_that_count_do() -> None:
    made = batch()
    counts = torch.ones_like(made.counts)
    counts[..., :8] = 0
    some = replace(made, counts=counts)
    logits = torch.randn(made.scan.shape, generator=torch.Generator().manual_seed(0))
    before = float(train_damage.picture_loss(logits, some))
    other = logits.clone()
    other[..., :8] += 9
    assert float(train_damage.picture_loss(other, some)) == before
    other[..., 8] += 9
    assert float(train_damage.picture_loss(other, some)) != before
    flipped = replace(some, damaged=torch.where(counts == 1, some.damaged, 1 - some.damaged))
    assert float(train_damage.picture_loss(logits, flipped)) == before


def test_the_loss_is_a_mean_that_is_least_at_the_true_share() -> None:
    damaged = torch.zeros(1, 1, 8, 8)
    damaged[..., :2] = 1
    for counted in (1, 4):  # rows in eight
        counts = torch.zeros(1, 1, 8, 8)
        counts[..., :counted, :] = 1
        made = Prints(torch.zeros(1, 1, 8, 8), damaged, counts)
        losses = {
            share: float(train_damage.picture_loss(torch.full((1, 1, 8, 8), share).logit(), made))
            for share in (0.1, 0.25, 0.5)
        }
        assert losses[0.5] == pytest.approx(np.log(2))
        assert min(losses, key=losses.__getitem__) == 0.25


# Steps


def test_the_loss_falls_on_what_is_seen_again_and_again() -> None:
    run = begun()
    run.seconds = 0.3 * 60 * RECIPE.minutes  # where the rate is at its height
    made = batch(8)
    losses = [run.advance(made)["picture"] for _ in range(50)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert run.step == 50
    assert run.seen == 50 * 8 * 32 * 32
    assert np.isfinite(list(run.measure().values())).all()


def test_a_checkpoint_holds_all_that_decides_the_next_steps(tmp_path: Path) -> None:
    first = begun()
    for seed in range(3):
        first.advance(batch(seed=seed))
    first.seconds = 17.5
    torch.save(first.state(), tmp_path / "checkpoint.pt")
    second = begun(replace(RECIPE, seed=9))
    assert session.resume(second, tmp_path, CPU)
    assert (second.step, second.seconds, second.seen) == (3, 17.5, first.seen)
    for seed in range(3, 6):
        assert first.advance(batch(seed=seed)) == second.advance(batch(seed=seed))
    for name, value in first.averaged.values.items():
        assert torch.equal(second.averaged.values[name], value)


def test_the_seed_decides_where_it_begins() -> None:
    one, again, other = (
        begun(replace(RECIPE, seed=seed)).net.head.weight.detach() for seed in (1, 1, 2)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


# Batches


def test_a_batch_is_decided_by_the_run_s_seed_and_its_number() -> None:
    both = photos(4), photos(3)
    one, again, other = (train_damage.make(both, RECIPE, number) for number in (5, 5, 6))
    seeded = train_damage.make(both, replace(RECIPE, seed=2), 5)
    assert one.scan.shape == one.damaged.shape == one.counts.shape == (4, 1, 32, 32)
    for name in ("scan", "damaged", "counts"):
        assert torch.equal(getattr(one, name), getattr(again, name))
    for different in (other, seeded):
        assert not torch.equal(one.scan, different.scan)


def test_so_many_patches_are_of_detailed_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        train_damage, "prints", lambda grey, _: Prints(grey, grey.clone(), grey.clone())
    )
    white, black = ([np.full((40, 40, 3), value, np.uint8)] for value in (255, 0))

    def share(detailed: float, count: int) -> float:
        recipe = replace(RECIPE, detailed=detailed)
        made = [train_damage.make((white, black), recipe, k).scan for k in range(count)]
        assert all(one.shape == (4, 1, 32, 32) for one in made)
        return float(torch.cat(made).mean())

    assert share(0.6, 150) == pytest.approx(0.6, abs=0.06)
    assert share(1, 3) == 1
    assert share(0, 3) == 0


def test_one_kind_of_photographs_is_enough_if_all_patches_are_of_it() -> None:
    for share, both in ((1, (photos(2), [])), (0, ([], photos(2)))):
        made = train_damage.make(both, replace(RECIPE, detailed=share), 0)
        assert made.scan.shape == (4, 1, 32, 32)


# Whole runs


Train = Callable[..., list[dict[str, float]]]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Run the program as `train(recipe, "out", ...)`; it returns the lines of the curve."""
    write_tar(tmp_path / "data/train-hires/a.tar", photos(8))
    little = [coloured(30, 80), coloured(80, 31)]  # too small to cut a patch of
    write_tar(tmp_path / "data/train/a.tar", [*photos(3), *little])
    for other in ("eval/kodak24", "eval", "train-extra"):  # not to be touched
        write_tar(tmp_path / "data" / other / "a.tar", [])
    clock = itertools.count(step=20)  # seconds: a look at it for every step
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def run(recipe: DamageRecipe, out: str, *more: object) -> list[dict[str, float]]:
        config, folder = tmp_path / "tiny.toml", tmp_path / out
        config.write_text(config_of(recipe), encoding="utf-8")
        words = [config, "--data", tmp_path / "data", "--out", folder, "--device", "cpu"]
        words += ["--threads", "1", *more]
        runner = click.testing.CliRunner()
        ran = runner.invoke(train_damage.main, [str(w) for w in words], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        assert ran.output.startswith(f"6 and 3 photos, {2 * EACH} held, ")
        return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]

    return run


def test_a_run_stops_goes_on_and_ends(
    tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = train_damage.DamageRun.advance

    def interrupted(run: train_damage.DamageRun, made: Prints) -> dict[str, float]:
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return advance(run, made)

    opened: list[Path] = []

    def noting(path: Path, *args: object, **options: object) -> tarfile.TarFile:
        opened.append(Path(path))
        return tarfile.TarFile.open(fileobj=io.BytesIO(Path(path).read_bytes()))

    with monkeypatch.context() as patch:
        patch.setattr(train_damage.DamageRun, "advance", interrupted)
        patch.setattr(tarfile, "open", noting)
        lines = train(RECIPE, "out")
    assert opened == [tmp_path / f"data/{name}/a.tar" for name in ("train-hires", "train")]
    path = tmp_path / "out/damage.safetensors"
    assert lines[-1]["step"] == 5
    assert lines[-1]["side"] == 32
    assert {"picture", *FIGURES} <= lines[-1].keys()
    first = load_file(path)

    lines = train(RECIPE, "out")
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    assert lines[-1]["step"] == 18  # 6 minutes of 20 seconds, the first 5 steps among them
    assert not list((tmp_path / "out").glob("*.part"))
    net = read_net(path, lambda table: DamageNet(DamageConfig.of(table)))
    assert net.config == NET
    last = load_file(path)
    for part in ("tail.weight", "head.weight"):
        assert last[part].dtype == torch.float16
        assert last[part].isfinite().all()
        assert not torch.equal(first[part], last[part])

    assert train(RECIPE, "out")[-1]["step"] == 18  # the time is up: nothing more to do


def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, train: Train) -> None:
    recipe = replace(RECIPE, minutes=2)
    train(recipe, "whole")
    assert train(recipe, "parts", "--session-minutes", "1")[-1]["step"] == 3
    assert train(recipe, "parts")[-1]["step"] == 6
    whole, parts = (load_file(tmp_path / f"{out}/damage.safetensors") for out in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_may_begin_with_earlier_weights_and_end_sooner(tmp_path: Path, train: Train) -> None:
    (given,) = tiny.damage_net(tmp_path).values()
    earlier = load_file(given)
    recipe = replace(RECIPE, learning_rate=0.0, weight_decay=0.0)
    lines = train(recipe, "out", "--start", given, "--minutes", "0.5")
    assert lines[-1]["step"] == 2
    for name, value in load_file(tmp_path / "out/damage.safetensors").items():
        assert torch.allclose(value.float(), earlier[name], rtol=2e-3, atol=1e-6), name


def test_earlier_weights_are_what_it_is_measured_by_before_any_step(tmp_path: Path) -> None:
    (given,) = tiny.damage_net(tmp_path).values()
    run = begun()
    run.start_from(given)
    run.save_weights(tmp_path / "saved.safetensors")
    saved = load_file(tmp_path / "saved.safetensors")
    assert all(torch.equal(saved[name], v.half()) for name, v in load_file(given).items())


def test_a_run_that_goes_on_does_not_begin_again(tmp_path: Path, train: Train) -> None:
    (given,) = tiny.damage_net(tmp_path).values()
    recipe = replace(RECIPE, learning_rate=0.0, weight_decay=0.0)
    train(recipe, "out", "--minutes", "0.5")
    before = load_file(tmp_path / "out/damage.safetensors")
    train(recipe, "out", "--minutes", "1", "--start", given)
    after = load_file(tmp_path / "out/damage.safetensors")
    assert all(torch.allclose(after[name], before[name]) for name in before)
    assert not torch.allclose(after["head.weight"].float(), load_file(given)["head.weight"])
