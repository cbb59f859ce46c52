from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from click.testing import CliRunner
from PIL import Image

import bench_denoise
from bench_denoise import QUICK, Bench
from benching import denoising, noisy, rates, unlocked
from benching.processes import Report
from benching.rows import Row
from restore import registry
from restore.backend import Task
from restore.photo import Photo


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tiny.denoiser_net(tmp_path)["tiny"]


def photo(height: int, width: int) -> Photo:
    drawn = noisy.noisy_photograph(width, height, seed=1)
    return Photo(drawn.astype(np.uint16) * 257, "PNG")


def test_a_drawn_photograph_has_the_noise_that_it_is_told() -> None:
    clean = noisy.noisy_photograph(160, 120, seed=1, noise=0).astype(float)
    shown = noisy.noisy_photograph(160, 120, seed=1, noise=20).astype(float)
    added = (shown - clean)[(clean > 70) & (clean < 185)]
    assert clean.shape == (120, 160, 3)
    assert abs(added.std() - 20) < 1
    assert abs(added.mean()) < 1


def test_a_drawn_photograph_has_colours_and_edges() -> None:
    clean = noisy.noisy_photograph(160, 120, seed=1, noise=0).astype(float)
    assert np.ptp(clean, axis=2).mean() > 20
    assert np.quantile(np.abs(np.diff(clean, axis=1)), 0.99) > 50


def test_a_photograph_of_megapixels_is_written(tmp_path: Path) -> None:
    noisy.main(0.0048, tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert (image.mode, image.size) == ("RGB", (80, 60))


def test_a_row_without_a_bar_is_not_judged() -> None:
    assert (
        str(Row("12 MP", 61.2, None, " s", "2 cores")) == "| 12 MP | 61.2 s (2 cores) | - | - | - |"
    )


def test_naive_and_bare_calls_make_the_same_picture(weights: Path) -> None:
    picture = denoising.whole_picture(photo(48, 72).pixels)
    bare = denoising.bare(denoising.load(weights), picture)
    naive = denoising.naively(denoising.load_net(weights), picture)
    assert (naive - picture).abs().max() > 0.01
    torch.testing.assert_close(bare, naive, atol=1e-5, rtol=0)


def test_one_tile_is_what_the_networks_alone_make(weights: Path) -> None:
    source = photo(50, 78)
    whole = denoising.in_one_tile(weights, source)
    bare = denoising.bare(denoising.load(weights), denoising.whole_picture(source.pixels))
    expected = (bare[0, :, :50, :78].clamp(0, 1) * 65535).round().to(torch.int32)
    found = expected.permute(1, 2, 0).numpy().astype(np.uint16)
    assert denoising.largest_difference(whole, found) < 0.05
    assert denoising.largest_difference(whole, source.pixels) > 2


def test_tiles_without_context_show_their_seams(weights: Path) -> None:
    source = photo(96, 128)
    whole = denoising.in_one_tile(weights, source)
    backend = denoising.load(weights, tile=96)
    assert backend.limits.overlap > 0
    with_context = denoising.largest_difference(whole, denoising.in_tiles(backend, source))
    backend.limits = replace(backend.limits, overlap=0)
    without = denoising.largest_difference(whole, denoising.in_tiles(backend, source))
    assert without > 0.5
    assert with_context < without / 4


def test_differences_are_counted_in_8_bit_levels() -> None:
    one, other = np.zeros((2, 2, 3), np.uint16), np.zeros((2, 2, 3), np.uint16)
    other[1, 0, 2] = 257 * 3
    assert denoising.largest_difference(one, other) == 3
    assert denoising.largest_difference(other, one) == 3
    assert denoising.largest_difference(other.astype(np.uint8), one.astype(np.uint8)) == 3


def test_a_tile_is_rounded_up_to_what_the_network_accepts(weights: Path) -> None:
    assert denoising.load(weights, tile=97).limits.tile == 104
    assert denoising.load(weights).limits.tile % 8 == 0


def test_measures_take_turns_and_the_best_rate_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = iter([90.0, 120.0, 110.0])
    monkeypatch.setattr(rates, "sgemm_rate", lambda: next(speeds))
    ran: list[str] = []
    rate, seconds = rates.least({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, 2)
    assert rate == 120
    assert ran == ["a", "b", "a", "b"]
    assert all(0 <= value < 1 for value in seconds.values())


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the table of backends as it was."""
    monkeypatch.setattr(registry, "BACKENDS", registry.BACKENDS)
    registry._table.cache_clear()
    yield
    registry._table.cache_clear()


@pytest.mark.usefixtures("table")
def test_weights_that_no_lock_names_can_be_measured(weights: Path) -> None:
    entry = registry.find(unlocked.register(weights), Task.DENOISE)
    assert entry.models == ()
    cpu = torch.device("cpu")
    backend = registry.load_class(entry).load(Task.DENOISE, {}, {}, cpu, torch.float32)
    assert isinstance(backend, unlocked.Unlocked)
    picture = denoising.whole_picture(photo(24, 32).pixels)
    expected = denoising.bare(denoising.load(weights), picture)
    assert torch.equal(denoising.bare(backend, picture), expected)


@dataclass(frozen=True)
class Told(Bench):
    """Its parts find what they are told to."""

    found: Any = None

    def ask(self, module: str, *words: object) -> dict[str, Any]:
        return self.found[module]

    def photograph(self, megapixels: float) -> Path:
        return Path(f"{megapixels:g}.jpg")

    def denoise(self, photo: Path) -> Report:
        record = {"timings": {"read": 0.5, "network": 50.0}, "noise": {"route": "network"}}
        said = json.dumps({"record": record}) + "\n"
        return Report(wall=60, cpu=110, peak=900_000_000, modules=[], sgemm=0, said=said)


def told(**found: Any) -> Told:
    return Told(Path(), 1, QUICK, Path(), (), found=found)


def test_rates_are_set_against_each_other() -> None:
    bare = {"256": 5e-6, "512": 4e-6}
    found = {"sgemm": 100, "tile": 640, "overlap": 32, "one_piece": 5e-6, "bare": bare}
    bench = told(rates={**found, "tiles": 6e-6, "naive": 9e-6, "ours": 6e-6})
    network, tiles, naive = bench_denoise.rates(bench)
    assert network.value == pytest.approx(500)
    assert tiles.value == pytest.approx(1.5)  # of the best tile
    assert not str(tiles).endswith("yes |")
    assert naive.value == pytest.approx(2 / 3)
    assert str(naive).endswith("yes |")


def test_the_worst_seam_counts() -> None:
    found = {"0": {"5": 0.2, "50": 0.7}, "256": {"5": 1.5, "50": 0.9}}
    shipped, small = bench_denoise.seams(told(seams=found))
    assert (shipped.value, small.value) == (0.7, 1.5)
    assert str(small).endswith("no |")


def test_memory_is_set_against_the_naive_call() -> None:
    time, peak, ratio = bench_denoise.files(told(naive={"peak": 6_000_000_000}))
    assert (time.value, time.bar) == (60, None)
    assert "network 50.0" in time.note
    assert peak.value == 900
    assert ratio.value == pytest.approx(0.15)


def test_the_bench_runs_the_command_with_the_weights_it_is_given(weights: Path) -> None:
    words = ["--quick", "--only", "weights", "--weights", str(weights)]
    result = CliRunner().invoke(bench_denoise.main, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.startswith("Quick")
    assert result.output.splitlines()[-1].endswith("| 8 MB | 0.01 | yes |")
