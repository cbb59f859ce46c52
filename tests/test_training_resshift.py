"""The restorer's training: its recipe, its loss, where it begins, and whole runs."""

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
from safetensors.torch import load_file
from tars import photos, write_tar
from torch import Tensor, nn

import train_resshift
from degrading import restoring
from degrading.restoring import Pairs, damaged
from restore.backends.stored import read_net
from restore.nets.autoencoder import Denoiser
from restore.nets.resshift.pixel import STEPS, PixelConfig, PixelNet
from training import restoring_gain, session
from training.resshift_recipe import ResShiftRecipe
from training.restoring_gain import ANSWERS, KINDS, kept_apart

ROOT = Path(train_resshift.__file__).parents[1]
CPU = torch.device("cpu")
NET = replace(tiny.PIXELS, error_per_spread={})  # measured when it ships
SHARES = {"everywhere": 0.4, "holes": 0.4, "enlarged": 0.2}
RECIPE = ResShiftRecipe(
    minutes=6, seed=1, learning_rate=5e-3, weight_decay=0.002, averaging=4, side=32, batch=4,
    validation_every=4, shares=SHARES, net=NET,
)  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring_gain, "SIDE", 32)


def config_of(recipe: ResShiftRecipe) -> str:
    """Write the recipe as its configuration file."""
    plain = {k: v for k, v in vars(recipe).items() if k not in ("shares", "net")}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name, table in {"shares": recipe.shares, "net": asdict(recipe.net)}.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return "\n".join(lines)


def batch(count: int = 6, seed: int = 0) -> Pairs:
    return damaged(detailed(count, 32), np.random.default_rng(seed), SHARES)


def begun(recipe: ResShiftRecipe = RECIPE) -> train_resshift.ResShiftRun:
    return train_resshift.ResShiftRun(recipe, CPU, kept_apart(photos(3)))


# The recipe


def test_a_recipe_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(config_of(RECIPE), encoding="utf-8")
    assert ResShiftRecipe.read(tmp_path / "tiny.toml") == RECIPE


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [RECIPE.rate_at(progress) for progress in (0, 0.01, 0.3, 0.8, 1)]
    assert rates == pytest.approx([5e-5, 2.5e-3, 5e-3, 2.5e-3, 5e-5])


@pytest.mark.parametrize("config", sorted((ROOT / "configs").glob("resshift*.toml")), ids=str)
def test_the_configurations_of_the_product_are_whole(config: Path) -> None:
    recipe = ResShiftRecipe.read(config)
    assert set(SHARES) <= set(recipe.shares) <= set(restoring.KINDS)
    assert sum(recipe.shares.values()) == pytest.approx(1)
    assert recipe.side % 16 == 0
    net = PixelNet(recipe.net)
    train_resshift.begin_as_denoiser(net, ROOT / "src/restore/models/denoiser-v1.safetensors")
    assert sum(parameter.numel() for parameter in net.parameters()) <= 7_000_000


# The loss


def test_only_holes_count_where_there_are_any() -> None:
    clean, mask = detailed(2, 16), torch.zeros(2, 1, 16, 16)
    mask[:, :, 4:8] = 1
    wrong = clean + 0.4 * (1 - mask)
    perfect = float(train_resshift.picture_loss(clean, clean, mask))
    assert float(train_resshift.picture_loss(wrong, clean, mask)) == pytest.approx(perfect)
    assert float(train_resshift.picture_loss(wrong, clean, 0 * mask)) > perfect + 0.2


def test_a_decibel_counts_alike_in_a_faint_fault_and_in_a_hole() -> None:
    clean, mask = torch.full((1, 3, 16, 16), 0.5), torch.zeros(1, 1, 16, 16)
    mask[..., :2] = 1

    def loss(error: float, lost: Tensor) -> float:
        return float(train_resshift.picture_loss(clean + error, clean, lost))

    faint = loss(0.02, 0 * mask) - loss(0.02 * 0.8, 0 * mask)
    hole = loss(0.3, mask) - loss(0.3 * 0.8, mask)
    assert 0 < faint == pytest.approx(hole, rel=0.05)
    assert loss(0.0005, mask) - loss(0, mask) < 0.2 * faint  # it is as good as perfect


# Where it begins


def test_it_begins_as_the_denoiser_told_of_the_assumed_noise(tmp_path: Path) -> None:
    (path,) = tiny.denoiser_net(tmp_path).values()
    denoiser = Denoiser(tiny.DENOISER).eval()
    denoiser.load_state_dict(load_file(path))
    torch.manual_seed(1)
    net = PixelNet(tiny.PIXELS).eval()
    train_resshift.begin_as_denoiser(net, path)
    picture = detailed(1, 192)
    told = torch.full((1, 3, 96, 96), train_resshift.ASSUMED_NOISE)
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        expected = denoiser.autoencoder(picture, told)
        untold = denoiser.autoencoder(picture, 0 * told)
        for step in range(STEPS):
            state = torch.rand(picture.shape, generator=generator)
            mask = (torch.rand(1, 1, 192, 192, generator=generator) < 0.2).float()
            answer = net(state, picture, mask, torch.tensor([step]))
            inside = (..., slice(72, 120), slice(72, 120))
            torch.testing.assert_close(answer[inside], expected[inside], rtol=0, atol=2e-5)
            assert (answer - expected).abs().max() < 0.05
    assert (untold - expected)[inside].abs().max() > 1e-3
    assert (expected - picture)[inside].abs().max() > 1e-2  # the denoiser does something


def test_what_it_begins_with_can_all_be_learned(tmp_path: Path) -> None:
    """The level that the denoiser does not have is silent at first, not cut off."""
    run = begun()
    run.start_from(*tiny.denoiser_net(tmp_path).values())
    before = {name: value.clone() for name, value in run.net.state_dict().items()}
    run.seconds = 0.3 * 60 * RECIPE.minutes  # where the rate is at its height
    for seed in range(3):
        run.advance(batch(seed=seed))
    for name in ("grow3.weight", "grow3.bias", "head.weight", "bottom.0.conv2.weight"):
        assert not torch.equal(run.net.state_dict()[name], before[name]), name
    of_step = run.net.state_dict()["down1.0.of_step"]
    assert of_step.abs().amax((1, 2)).min() > 0


def test_a_denoiser_of_other_sizes_is_refused(tmp_path: Path) -> None:
    (path,) = tiny.denoiser_net(tmp_path).values()
    for config in (PixelConfig((8, 16, 16, 16), 1), PixelConfig((12, 12, 16, 16), 1)):
        with pytest.raises(RuntimeError):
            train_resshift.begin_as_denoiser(PixelNet(config), path)


def test_it_begins_with_an_earlier_run_of_its_own(tmp_path: Path) -> None:
    (path,) = tiny.pixel_net(tmp_path).values()
    run = begun()
    run.start_from(path)
    for name, value in load_file(path).items():
        assert torch.equal(run.net.state_dict()[name], value)
        assert torch.equal(run.averaged.values[name], value)


# Steps


def test_the_loss_falls() -> None:
    run = begun()
    run.seconds = 0.3 * 60 * RECIPE.minutes
    losses = [run.advance(batch(seed=seed % 2))["picture"] for seed in range(60)]
    assert np.mean(losses[-6:]) < np.mean(losses[:6]) - 0.02  # two decibels
    assert run.step == 60
    assert run.seen == 60 * 6 * 32 * 32
    measured = run.measure()
    assert measured.keys() == {f"{kind}_{what}" for kind in KINDS for what in ANSWERS}
    assert np.isfinite(list(measured.values())).all()


def test_the_network_is_shown_the_chain_and_the_filled_holes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = begun()
    shown: list[tuple[Tensor, ...]] = []
    run.net.register_forward_pre_hook(lambda _, given: shown.append(given))
    pairs = damaged(detailed(64, 32), np.random.default_rng(0), SHARES)
    run.advance(pairs)
    state, left, mask, step = shown[0]
    assert torch.equal(mask, pairs.mask)
    kept = (mask == 0).expand_as(left)
    assert torch.equal(left[kept], pairs.degraded[kept])
    assert (left[~kept] > 0).float().mean() > 0.95  # no longer black
    assert set(step.tolist()) == set(range(STEPS))
    chain = RECIPE.net.schedule
    for t in range(STEPS):
        one = step == t
        mean = pairs.clean[one] + chain.eta[t] * (left[one] - pairs.clean[one])
        noise = state[one] * chain.divisor(t) - mean
        assert float(noise.std()) == pytest.approx(chain.kappa * chain.sqrt_eta[t], rel=0.05)
        assert abs(float(noise.mean())) < 0.01


def test_a_checkpoint_holds_all_that_decides_the_next_steps(tmp_path: Path) -> None:
    first = begun()
    for seed in range(3):
        first.advance(batch(seed=seed))
    torch.save(first.state(), tmp_path / "checkpoint.pt")
    second = begun(replace(RECIPE, seed=9))
    assert session.resume(second, tmp_path, CPU)
    assert (second.step, second.seen) == (3, first.seen)
    for seed in range(3, 6):
        assert first.advance(batch(seed=seed)) == second.advance(batch(seed=seed))
    for name, value in first.averaged.values.items():
        assert torch.equal(second.averaged.values[name], value)


def test_measuring_is_of_the_averaged_weights_and_changes_nothing() -> None:
    run = begun()
    run.advance(batch())
    before = run.state()["generator"].clone()
    one = run.measure()
    for parameter in run.net.parameters():
        nn.init.normal_(parameter)
    assert run.measure() == one
    assert torch.equal(run.state()["generator"], before)


# Batches


def test_a_batch_is_decided_by_the_run_s_seed_and_its_number() -> None:
    one, again, other = (train_resshift.make(photos(6), RECIPE, number) for number in (5, 5, 6))
    assert one.clean.shape == (4, 3, 32, 32)
    assert torch.equal(one.degraded, again.degraded)
    assert not torch.equal(one.clean, other.clean)


# Whole runs


Train = Callable[..., list[dict[str, float]]]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Run the program as `train(recipe, "out", ...)`; it returns the lines of the curve."""
    write_tar(tmp_path / "data/train-hires/a.tar", photos(12))
    for other in ("eval/kodak24", "eval", "train", "train-extra"):  # not to be touched
        write_tar(tmp_path / "data" / other / "a.tar", [])
    clock = itertools.count(step=20)  # seconds: a look at it for every step
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def run(recipe: ResShiftRecipe, out: str, *more: object) -> list[dict[str, float]]:
        config, folder = tmp_path / "tiny.toml", tmp_path / out
        config.write_text(config_of(recipe), encoding="utf-8")
        words = [config, "--data", tmp_path / "data", "--out", folder, "--device", "cpu"]
        words += ["--threads", "1", *more]
        runner = click.testing.CliRunner()
        ran = runner.invoke(train_resshift.main, [str(w) for w in words], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        assert ran.output.startswith("9 photos, 3 held, ")
        return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]

    return run


def test_a_run_stops_goes_on_and_ends(
    tmp_path: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = train_resshift.ResShiftRun.advance

    def interrupted(run: train_resshift.ResShiftRun, pairs: Pairs) -> dict[str, float]:
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return advance(run, pairs)

    opened: list[Path] = []

    def noting(path: Path, *args: object, **options: object) -> tarfile.TarFile:
        opened.append(Path(path))
        return tarfile.TarFile.open(fileobj=io.BytesIO(Path(path).read_bytes()))

    with monkeypatch.context() as patch:
        patch.setattr(train_resshift.ResShiftRun, "advance", interrupted)
        patch.setattr(tarfile, "open", noting)
        lines = train(RECIPE, "out")
    assert opened == [tmp_path / "data/train-hires/a.tar"]
    path = tmp_path / "out/resshift.safetensors"
    assert lines[-1]["step"] == 5
    assert lines[-1]["side"] == 32
    assert {"picture", "holes_mean", "enlarged_first"} <= lines[-1].keys()
    first = load_file(path)

    lines = train(RECIPE, "out")
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    assert lines[-1]["step"] == 18  # 6 minutes of 20 seconds, the first 5 steps among them
    assert not list((tmp_path / "out").glob("*.part"))
    net = read_net(path, lambda table: PixelNet(PixelConfig.of(table)))
    assert net.config == NET
    last = load_file(path)
    for part in ("tail.weight", "head.weight"):
        assert last[part].dtype == torch.float16
        assert last[part].isfinite().all()
        assert not torch.equal(first[part], last[part])

    assert train(RECIPE, "out")[-1]["step"] == 18  # the time is up: nothing more to do


def test_a_run_in_parts_is_the_run_in_one(tmp_path: Path, train: Train) -> None:
    (given,) = tiny.denoiser_net(tmp_path).values()
    recipe = replace(RECIPE, minutes=2)
    train(recipe, "whole", "--start", given)
    assert train(recipe, "parts", "--start", given, "--session-minutes", "1")[-1]["step"] == 3
    assert train(recipe, "parts", "--start", given)[-1]["step"] == 6
    whole, parts = (
        load_file(tmp_path / f"{out}/resshift.safetensors") for out in ("whole", "parts")
    )
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
