"""ResShift as a backend: the mean of draws."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Ran
from ran import record_of
from tiny import pixel_net

from restore import noise
from restore.backend import Draws, Shown, Task
from restore.backends.resshift import ResShift

Run = Callable[..., Ran]
Draw = Callable[..., Path]


def results(folder: Path, mean: int, count: int) -> torch.Tensor:
    """Return `count` answers to one picture, each the mean of so many draws."""
    place = torch.device("cpu"), torch.float32
    backend = ResShift.load(Task.DENOISE, pixel_net(folder), {"mean": mean}, *place)

    def field(sample: int, step: int, channels: int, stride: int) -> torch.Tensor:
        window = noise.window(7, sample, step, channels, 0, 0, 32 // stride, 32 // stride)
        return torch.from_numpy(window)[None]

    random = np.random.default_rng(0)
    picture = torch.from_numpy(random.uniform(0.4, 0.6, (1, 3, 32, 32)).astype(np.float32))
    with torch.inference_mode():
        return backend.restore(Shown(picture), None, Draws(results=count), field).results


def test_means_are_of_draws_of_their_own(tmp_path: Path) -> None:
    draws = results(tmp_path, 1, 6)
    assert not torch.equal(draws[0], draws[1])
    means = results(tmp_path, 3, 2)
    assert torch.allclose(means[0], draws[:3].mean(0), atol=1e-6)
    assert torch.allclose(means[1], draws[3:].mean(0), atol=1e-6)


def test_a_mean_is_on_record(tmp_path: Path, run: Run, draw: Draw) -> None:
    photo = draw("a.png", 24, 24)
    assert run("upscale", photo, "--mean", 2).exit_code == 0
    assert record_of(tmp_path / "a.upscaled.png")["options"]["mean"] == 2
    assert "up to date" in run("upscale", photo, "--mean", 2, "-v").stderr
    assert "up to date" not in run("upscale", photo, "-v").stderr


def test_a_mean_says_nothing_of_doubt(run: Run, draw: Draw) -> None:
    photo = draw("a.png", 24, 24)
    ran = run("denoise", photo, "--backend", "resshift", "--mean", 4, "--confidence")
    assert ran.exit_code == 2
    assert "--mean averages them" in ran.stderr


@pytest.mark.parametrize("words", [("denoise",), ("upscale", "--backend", "identity")])
def test_what_draws_nothing_has_no_mean(run: Run, draw: Draw, words: tuple[str, ...]) -> None:
    ran = run(*words, draw("a.png"), "--mean", 2)
    assert ran.exit_code == 2
    assert "has no --mean" in ran.stderr
