"""The benchmark of finding damage measures what it says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from tiny import damage_net

import bench_damage
from bench_damage import Bench
from benching import finding


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return damage_net(tmp_path)["tiny"]


@pytest.mark.parametrize("way", ["time", "memory", "none", "seams"])
def test_parts_say_what_they_found(
    weights: Path, way: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "sgemm_rate", lambda: 100.0)
    finding.main(weights, 0.02, way)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["pixels"] == pytest.approx(20_000, rel=0.1)
    if way == "seams":
        assert 0 <= found["differ"] <= found["pixels"]
    else:
        assert found["peak"] > 10**7
        assert found["sgemm"] == (100 if way == "time" else 0)


def test_the_photo_has_scratches() -> None:
    bright = finding.drawn(0.2).pixels.min(axis=2) > 225
    assert 0.001 < bright.mean() < 0.1


def test_a_tile_of_ones_own_is_taken(weights: Path) -> None:
    assert finding.load(weights, tile=64).limits.tile == 64
    assert finding.load(weights).limits.tile > 64


@dataclass(frozen=True)
class Told(Bench):
    """Its parts find what they are told to."""

    found: Any = None

    def ask(self, megapixels: float, way: str) -> dict[str, Any]:
        return dict(self.found[way])


def test_rows_are_shares_and_work_for_a_megapixel() -> None:
    time = {"seconds": 3.0, "pixels": 2_000_000, "sgemm": 100}
    told = {"time": time, "none": {"peak": 3e8}, "memory": {"peak": 9e8}}
    told["seams"] = {"marked": 400, "differ": 10}
    bench = Told(Path(), found=told)
    small, large = bench_damage.work(bench)
    assert (small.value, large.value) == (pytest.approx(150), pytest.approx(150))
    assert small.what != large.what
    (memory,) = bench_damage.memory(bench)
    assert memory.value == 900
    (seams,) = bench_damage.seams(bench)
    assert seams.value == pytest.approx(2.5)
    told["seams"] = {"marked": 0, "differ": 0}
    assert next(bench_damage.seams(bench)).value == 0


def test_the_bench_measures_the_weights_it_is_given(weights: Path) -> None:
    words = ["--quick", "--only", "seams", "--weights", str(weights)]
    result = CliRunner().invoke(bench_damage.main, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "of the mask differ" in result.output.splitlines()[-1]
    assert np.isfinite(float(result.output.split("differ | ")[1].split("%")[0]))
