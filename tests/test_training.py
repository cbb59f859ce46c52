"""The training program: its parts, and one whole run, stopped and taken up again."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click.testing
import numpy as np
import pytest
import tiny
import torch
from conftest import scene
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import train_colorizer
from restore import color
from restore.backends.diffusion import read_weights
from restore.nets.chroma import AB_SCALE, HISTOGRAM_SIZE
from training import crops, session, shards
from training.averaging import Averaged
from training.muon import Muon, orthogonalized
from training.prefetch import prefetched
from training.recipe import Phase, Recipe

ROOT = Path(train_colorizer.__file__).parents[1]


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def coloured(height: int, width: int, seed: int = 0) -> Image.Image:
    """Draw the scene with a colour for every lightness."""
    grey = scene(height, width, seed).astype(int)
    rgb = np.stack([grey, 0.8 * grey + 20, 255 - grey], axis=-1)
    return Image.fromarray(rgb.astype(np.uint8))


def photos(count: int = 6) -> list[shards.Lab8]:
    return [shards.lab8(coloured(60, 80, seed)) for seed in range(count)]


def write_tar(path: Path, count: int, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for number in range(count):
            stream = io.BytesIO()
            coloured(60, 80, seed + number).save(stream, "PNG")
            member = tarfile.TarInfo(f"{number}.png")
            member.size = stream.tell()
            stream.seek(0)
            archive.addfile(member, stream)


# Photographs


def test_lab8_is_lab_in_bytes() -> None:
    image = coloured(20, 30)
    lab = color.to_lab(torch.from_numpy(np.array(image)).permute(2, 0, 1) / 255)
    stored = torch.from_numpy(shards.lab8(image)).permute(2, 0, 1).float()
    assert (stored[0] / 2.55 - lab[0]).abs().max() <= 0.5 / 2.55 + 1e-4
    assert (stored[1:] - 128 - lab[1:]).abs().max() <= 0.5 + 1e-4
    assert (shards.lab8(image.convert("L"))[..., 1:] == 128).all()


def test_shards_are_read_in_order_and_kept(tmp_path: Path) -> None:
    write_tar(tmp_path / "train/a.tar", 3)
    write_tar(tmp_path / "train/b.tar", 2, seed=3)
    write_tar(tmp_path / "more/c.tar", 1, seed=5)
    folders, cache = [tmp_path / "train", tmp_path / "more"], tmp_path / "cache.npz"
    first = shards.load(folders, cache)
    assert len(first) == 6
    for photo, expected in zip(first, photos(), strict=True):
        assert np.array_equal(photo, expected)
    again = shards.load([], cache)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_no_shards_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no shards"):
        shards.load([tmp_path])


# Crops


def test_a_crop_is_a_part_of_its_photo() -> None:
    photo = photos(1)[0]
    for seed in range(20):
        crop = crops.random_crop(photo, 32, random(seed), 0.5)
        assert crop.shape == (32, 32, 3)
        assert crop.min() >= photo.min()
        assert crop.max() <= photo.max()
    one, again = (crops.random_crop(photo, 32, random(5), 0.5) for _ in range(2))
    assert np.array_equal(one, again)


def test_ageing_stays_in_range_and_spares_some() -> None:
    lightness = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    ab = 40 * torch.randn(200, 2, 16, 16, generator=torch.Generator().manual_seed(1))
    seen = crops.aged(lightness, ab, random())
    assert seen.shape == lightness.shape
    assert seen.min() >= 0
    assert seen.max() <= 1
    changed = (seen - lightness).abs().amax((1, 2, 3)) > 1e-6
    assert 0.7 < changed.float().mean() < 1


def test_hints_tell_the_truth() -> None:
    ab = torch.randn(50, 2, 16, 12, generator=torch.Generator().manual_seed(0))
    hints = crops.random_hints(ab, random(), chance=1)
    weight = hints[:, 2:]
    assert set(weight.flatten().tolist()) == {0, 1}
    assert torch.equal(hints[:, :2], ab * weight)
    assert (weight.sum((1, 2, 3)) >= 1).all()
    assert not crops.random_hints(ab, random(), chance=0).any()
    some = crops.random_hints(ab, random(), chance=0.5)[:, 2].amax((1, 2)).mean()
    assert 0.3 < some < 0.7


def test_a_batch_is_what_the_network_reads() -> None:
    batch = crops.random_batch(
        photos(), np.array([0, 3, 3, 5]), 32, random(),
        smallest=0.6, hint_chance=0.5, histogram_chance=0.5,
    )  # fmt: skip
    assert batch.lightness.shape == (4, 1, 32, 32)
    assert batch.lightness.abs().max() <= 1
    assert batch.ab.shape == (4, 2, 8, 8)
    assert 0 < (batch.ab * AB_SCALE).abs().max() < 128
    assert batch.hints.shape == (4, 3, 8, 8)
    assert batch.histogram.shape == (4, HISTOGRAM_SIZE)
    given = batch.histogram[:, -1]
    assert set(given.tolist()) <= {0, 1}
    torch.testing.assert_close(batch.histogram[:, :-1].sum(1), given)
    assert not torch.equal(batch.lightness[1], batch.lightness[2])  # another crop every time


def test_validation_sees_whole_photos_unchanged() -> None:
    photo = photos(1)[0]
    (batch,) = crops.plain_batch([photo], 64)
    assert batch.lightness.shape == (1, 1, 64, 80)
    assert not batch.hints.any()
    assert not batch.histogram.any()
    expected = photo[..., 1:].astype(float).mean((0, 1)) - 128
    actual = batch.ab.mean((0, 2, 3)) * AB_SCALE
    np.testing.assert_allclose(actual.numpy(), expected, atol=1.5)


# Muon


@pytest.mark.parametrize("shape", [(8, 8), (6, 30), (30, 6)])
def test_orthogonalized_has_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, s, v = torch.linalg.svd(orthogonalized(matrix).float(), full_matrices=False)
    assert 0.3 < s.min() < s.max() < 1.4
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert torch.trace((u @ v).T @ (left @ right)) > 0.95 * min(shape)


def test_muon_goes_downhill_and_skips_what_has_no_gradient() -> None:
    torch.manual_seed(0)
    target, idle = torch.randn(8, 4, 3, 3), torch.randn(3, 3)
    kernel = nn.Parameter(torch.zeros(8, 4, 3, 3))
    unused = nn.Parameter(idle.clone())
    muon = Muon([kernel, unused], lr=0.1, weight_decay=0)
    losses = []
    for _ in range(60):
        muon.zero_grad()
        loss = (kernel - target).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        muon.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]
    assert torch.equal(unused, idle)


def test_muon_steps_as_far_as_adam_and_decays() -> None:
    """Root mean square 0.2 of the learning rate, whatever the gradient's size."""
    for size in (1e-3, 1e3):
        kernel = nn.Parameter(torch.zeros(16, 4, 3, 3))
        kernel.grad = size * torch.randn(kernel.shape, generator=torch.Generator().manual_seed(0))
        Muon([kernel], lr=0.1).step()
        assert 0.01 < kernel.detach().square().mean().sqrt() < 0.03
    heavy = nn.Parameter(torch.ones(4, 4))
    heavy.grad = torch.zeros(4, 4)
    Muon([heavy], lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(heavy.detach(), torch.full((4, 4), 0.95))


# Prefetching


def test_prefetched_items_arrive_in_order_and_end() -> None:
    assert list(prefetched(iter(range(50)), 3)) == list(range(50))
    assert list(prefetched(iter(()), 1)) == []


def test_prefetching_stays_a_little_ahead() -> None:
    made: list[int] = []
    third = threading.Event()

    def items() -> Iterator[int]:
        for number in itertools.count():
            made.append(number)
            if number == 3:
                third.set()
            yield number

    stream = prefetched(items(), 2)
    assert next(stream) == 0
    assert third.wait(10)  # one used, two in the queue, one in hand
    assert made == [0, 1, 2, 3]


def test_errors_arrive_in_their_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("no more")

    stream = prefetched(items(), 5)
    assert next(stream) == 1
    with pytest.raises(ZeroDivisionError, match="no more"):
        next(stream)


# The recipe


PHASES = (
    Phase(0.4, 32, 4, 0.6, ("encoder",)),
    Phase(0.3, 48, 4, 0.7, ("encoder", "denoiser")),
    Phase(0.3, 32, 2, 0.8, ("denoiser",), draws=2),
)
RECIPE = Recipe(
    minutes=6, seed=1, learning_rate=1e-3, weight_decay=0.01, averaging=4, bins_weight=0.15,
    hint_chance=0.5, histogram_chance=0.5, validation_every=4, net=tiny.CHROMA, phases=PHASES,
)  # fmt: skip


def test_phases_follow_one_another() -> None:
    found = [RECIPE.phase_at(progress) for progress in (0, 0.39, 0.41, 0.69, 0.71, 1, 1.2)]
    assert [PHASES.index(phase) for phase in found] == [0, 0, 1, 1, 2, 2, 2]


def test_rates_rise_stay_and_fall_over_a_part_s_phases() -> None:
    encoder = [RECIPE.rate_at(progress, "encoder") for progress in (0, 0.007, 0.2, 0.4, 0.56, 0.7)]
    assert encoder == pytest.approx([1e-5, 5e-4, 1e-3, 1e-3, 5e-4, 1e-5])
    denoiser = [RECIPE.rate_at(progress, "denoiser") for progress in (0.4, 0.5, 0.7, 0.88, 1)]
    assert denoiser == pytest.approx([1e-5, 1e-3, 1e-3, 5e-4, 1e-5])


def test_the_configuration_of_the_product_is_whole() -> None:
    recipe = Recipe.read(ROOT / "configs/colorizer.toml")
    assert sum(phase.share for phase in recipe.phases) == pytest.approx(1)
    assert {part for phase in recipe.phases for part in phase.trains} == {"encoder", "denoiser"}
    assert all(phase.side % 16 == 0 for phase in recipe.phases)


def test_an_average_forgets_the_beginning() -> None:
    net = nn.BatchNorm1d(1)
    assert net.num_batches_tracked is not None
    average = Averaged(net, power=4)
    for step in range(1, 201):
        nn.init.constant_(net.weight, float(step))
        net.num_batches_tracked += 1
        average.update(net, step)
        if step == 1:
            assert average.values["weight"] == 1  # nothing is left of what it began with
    # The weight of step t is as t^4, so the mean step is 5/6 of the last.
    assert float(average.values["weight"]) == pytest.approx(200 * 5 / 6, rel=0.02)
    assert average.values["num_batches_tracked"] == 200


# A whole run


CONFIG = """
minutes = 6.0
seed = 1
learning_rate = 1e-3
weight_decay = 0.01
averaging = 4.0
bins_weight = 0.15
hint_chance = 0.5
histogram_chance = 0.5
validation_every = 4
[net]
widths = [8, 16, 56]
depths = [1, 1, 1]
attentions = 1
denoiser_widths = [8, 8, 56]
""" + "".join(
    f"""
[[phases]]
share = {phase.share}
side = {phase.side}
batch = {phase.batch}
smallest = {phase.smallest}
trains = {json.dumps(phase.trains)}
draws = {phase.draws}
"""
    for phase in PHASES
)


@pytest.fixture
def sigterm() -> Iterator[None]:
    """Give the signal's handler back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("sigterm")
def test_a_run_stops_goes_on_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tar(tmp_path / "data/train/a.tar", 4)
    write_tar(tmp_path / "data/train-extra/b.tar", 4, seed=4)
    config, out = tmp_path / "tiny.toml", tmp_path / "out"
    config.write_text(CONFIG, encoding="utf-8")
    clock = itertools.count(step=20)  # seconds: a look at it for every step
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def train() -> list[dict[str, float]]:
        words = [config, "--data", tmp_path / "data", "--out", out, "--cache", tmp_path / "c.npz"]
        words += ["--device", "cpu", "--threads", "1"]
        runner = click.testing.CliRunner()
        ran = runner.invoke(train_colorizer.main, [str(w) for w in words], catch_exceptions=False)
        assert ran.exit_code == 0
        return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]

    advance = train_colorizer.Run.advance

    def interrupted(run: train_colorizer.Run, *given: object) -> dict[str, float]:
        if run.step == 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return advance(run, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(train_colorizer.Run, "advance", interrupted)
        lines = train()
    assert lines[-1]["step"] == 5
    assert lines[-1]["minute"] == pytest.approx(5 * 20 / 60, abs=0.01)
    assert "explained" in lines[-1]
    first = load_file(out / "colorizer.safetensors")
    read_weights(out / "colorizer.safetensors")

    lines = train()
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    assert lines[-1]["step"] == 18  # 6 minutes of 20 seconds, the first 5 steps among them
    assert {line["side"] for line in lines} >= {32, 48}
    assert any("diffusion" in line for line in lines)
    net = read_weights(out / "colorizer.safetensors")
    assert net.config == tiny.CHROMA
    last = load_file(out / "colorizer.safetensors")
    assert any("num_batches_tracked" in name for name in last)
    for part in ("encoder.mean.weight", "denoiser.leave.weight"):
        assert last[part].dtype == torch.float16
        assert last[part].isfinite().all()
        assert not torch.equal(first[part], last[part])

    assert train()[-1]["step"] == 18  # the time is up: nothing more to do
