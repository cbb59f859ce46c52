"""The denoiser as a backend, with small random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import denoiser_net

from restore.backend import Draws, Guidance, MeasuresNoise, Shown, Task
from restore.backends.autoencoder import AutoencoderDenoiser
from restore.errors import BackendError, WeightsError

CPU = torch.device("cpu")


@pytest.fixture
def backend(tmp_path: Path) -> AutoencoderDenoiser:
    return AutoencoderDenoiser.load(Task.DENOISE, denoiser_net(tmp_path), {}, CPU, torch.float32)


def restored(backend: AutoencoderDenoiser, shown: Shown) -> torch.Tensor:
    def no_noise(sample: int, step: int, channels: int, stride: int) -> torch.Tensor:
        raise AssertionError("it draws nothing")

    with torch.inference_mode():
        prepared = backend.prepare(None, Guidance())
        return backend.restore(shown, prepared, Draws(), no_noise).results


def test_it_measures_noise(backend: AutoencoderDenoiser) -> None:
    assert isinstance(backend, MeasuresNoise)
    with torch.inference_mode():
        assert backend.levels(Shown(torch.rand(2, 3, 16, 24))).shape == (2, 3, 2, 3)


def test_its_own_levels_are_what_it_uses_when_none_are_told(backend: AutoencoderDenoiser) -> None:
    picture = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        cells = backend.levels(Shown(picture))
    fine = torch.nn.functional.interpolate(cells, scale_factor=8.0, mode="bilinear")
    told = restored(backend, Shown(picture, noise_map=fine))
    assert torch.allclose(told, restored(backend, Shown(picture)), atol=1e-5)


def test_a_batch_does_not_matter(backend: AutoencoderDenoiser) -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).random((3, 3, 32, 32), np.float32))
    together = restored(backend, Shown(pictures))
    alone = torch.cat([restored(backend, Shown(one[None])) for one in pictures], dim=1)
    assert torch.allclose(together, alone, atol=1e-5)


def test_it_has_no_options(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no option 'steps'"):
        AutoencoderDenoiser.load(
            Task.DENOISE, denoiser_net(tmp_path), {"steps": 3}, CPU, torch.float32
        )


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match="no weights of this backend"):
        AutoencoderDenoiser.load(Task.DENOISE, {"x": path}, {}, CPU, torch.float32)
