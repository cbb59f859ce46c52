from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tiny import pixel_net

import bench_resshift
from bench_resshift import QUICK, Bench
from benching import (
    restoring,
    restoring_holes,
    restoring_memory,
    restoring_rates,
    restoring_seams,
)
from benching.denoising import largest_difference, whole_picture
from restore.backend import Task


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return pixel_net(tmp_path)["tiny"]


def test_a_bare_call_goes_through_the_chain(weights: Path) -> None:
    backend = restoring.load(weights)
    picture = whole_picture(restoring.drawn(0.004).pixels, backend.limits.multiple_of)
    answer = restoring.bare(backend, picture)
    assert answer.shape == picture.shape
    assert not torch.allclose(answer, picture, atol=1e-3)


@pytest.mark.parametrize(("task", "scale"), [(Task.DENOISE, 1), (Task.UPSCALE, 2)])
def test_tiles_without_context_show_their_seams(weights: Path, task: Task, scale: int) -> None:
    photo = restoring.drawn(0.04 / scale**2, deep=True)
    whole = restoring.in_one_tile(weights, photo, task, scale)
    backend = restoring.load(weights, task, scale, tile=160)
    assert backend.limits.tile == 160 // scale
    with_context = largest_difference(whole, restoring.in_tiles(backend, photo, task))
    backend.limits = replace(backend.limits, overlap=0)
    without = largest_difference(whole, restoring.in_tiles(backend, photo, task))
    assert without > 0.5
    assert with_context < without / 4


def test_a_tile_is_rounded_up_to_what_the_network_accepts(weights: Path) -> None:
    assert restoring.load(weights, tile=97).limits.tile == 112
    assert restoring.load(weights, Task.UPSCALE, 4, tile=97).limits.tile == 28


def test_the_scratch_is_the_same_in_every_photo() -> None:
    small, large = restoring.drawn(1), restoring.drawn(2)
    counts = [int((restoring.scratched(photo).values > 0).sum()) for photo in (small, large)]
    assert counts[0] == pytest.approx(counts[1], rel=0.02)
    assert counts[0] > 2000


def test_filling_fills_the_scratch_alone(weights: Path) -> None:
    photo = restoring.drawn(0.03)
    mask = restoring.scratched(photo)
    filled = restoring.fill(restoring.load(weights, Task.INPAINT), photo, mask)
    changed = (filled != photo.pixels).any(axis=2)
    assert changed[mask.values > 0].mean() > 0.5
    assert not changed[mask.values == 0].any()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_parts_say_what_they_found(
    weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benching.rates.sgemm_rate", lambda: 100.0)
    restoring_rates.main(weights, 1, 0.004)
    found = last_line(capsys)
    assert found["sgemm"] == 100
    assert found["pixels"] == pytest.approx(4000, rel=0.1)
    assert min(found[name] for name in ("one_piece", "tiles", "noise")) > 0
    restoring_holes.main(weights, 1, 0.004, 0.01)
    assert set(last_line(capsys)) == {"sgemm", "pixels", "small", "large"}
    restoring_memory.main(weights, 0.004, "whole")
    assert last_line(capsys)["peak"] > 10**7
    restoring_seams.main(weights, 0.016, [64])
    by_way = last_line(capsys)["64"]
    assert set(by_way) == set(restoring_seams.WAYS)
    assert np.isfinite(list(by_way.values())).all()


@dataclass(frozen=True)
class Told(Bench):
    """Its parts find what they are told to."""

    found: Any = None

    def ask(self, module: str, *words: object) -> dict[str, Any]:
        found = self.found[module]
        return dict(found.get(words[-1], found))


def told(**found: Any) -> Told:
    return Told(1, QUICK, Path(), found=found)


def test_work_is_counted_for_a_megapixel() -> None:
    found = {"sgemm": 100, "pixels": 250_000, "tile": 512, "overlap": 64}
    seconds = {"one_piece": 5.0, "tiles": 15.0, "noise": 0.1}
    bare, tiles = bench_resshift.rates(told(restoring_rates={**found, **seconds}))
    assert bare.value == pytest.approx(2000)
    assert tiles.value == pytest.approx(6000)
    assert str(bare).endswith("yes |")
    assert str(tiles).endswith("no |")
    assert "3.00 times one piece" in tiles.note


def test_memory_is_set_against_one_piece() -> None:
    peaks = {"none": {"peak": 3e8}, "tiles": {"peak": 6e8}, "whole": {"peak": 24e8}}
    tiles, ratio = bench_resshift.memory(told(restoring_memory=peaks))
    assert tiles.value == 600
    assert ratio.value == pytest.approx(0.25)


def test_the_worst_seam_counts() -> None:
    found = {"256": {"restored": 1.5, "enlarged x2": 0.9}, "512": {"restored": 0.2}}
    small, usual = bench_resshift.seams(told(restoring_seams=found))
    assert (small.value, usual.value) == (1.5, 0.2)
    assert str(small).endswith("no |")


def test_the_scratch_s_cost_is_set_against_the_small_photo_s() -> None:
    found = {"sgemm": 100, "pixels": {"small": 3000}, "small": 4.0, "large": 5.0}
    (row,) = bench_resshift.holes(told(restoring_holes=found))
    assert row.value == pytest.approx(1.25)
    assert "400 GFLOP" in row.note


def test_the_bench_measures_the_weights_it_is_given(weights: Path) -> None:
    words = ["--quick", "--only", "weights", "--weights", str(weights)]
    result = CliRunner().invoke(bench_resshift.main, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.startswith("Quick")
    assert "| 14 MB |" in result.output.splitlines()[-1]
