"""A published model at its full size, with random weights: written, read, run once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from restore.nets.resshift.checkpoint import admitted
from restore.nets.resshift.latent import LatentResShift
from restore.nets.resshift.published import PUBLISHED
from restore.nets.resshift.unet import UNetModelSwin
from restore.nets.resshift.vq import VQAutoencoder

MODEL = PUBLISHED["resshift-realsr-v3"]


def write(path: Path, build: Callable[[], nn.Module]) -> None:
    """Write a file of the published layout, float32 and buffers included; and import it."""
    with torch.device("meta"):
        plan = build()
    state = {f"module.{name}": buffer for name, buffer in plan.named_buffers()}
    for name, parameter in plan.named_parameters():
        state[f"module.{name}"] = torch.empty(parameter.shape).uniform_(-0.03, 0.03)
    torch.save({"state_dict": state}, path)
    del state
    content = torch.load(path, weights_only=True, mmap=True)
    save_file(admitted(content, build), path.with_suffix(".safetensors"))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    unet, autoencoder = tmp_path / "net.pth", tmp_path / "vq.pth"
    torch.manual_seed(0)
    write(unet, lambda: UNetModelSwin(MODEL.unet))
    write(autoencoder, lambda: VQAutoencoder(MODEL.autoencoder))
    yield unet, autoencoder
    for path in tmp_path.iterdir():
        path.unlink()  # pytest would keep 1.4 GB


@torch.inference_mode()
def test_a_full_size_model_is_read_and_runs(files: tuple[Path, Path]) -> None:
    # As long as the published ones: 478 and 221 MB.
    assert [round(path.stat().st_size / 1e6) for path in files] == [478, 221]
    model = LatentResShift.load(MODEL, *(path.with_suffix(".safetensors") for path in files))
    model.unet.to(memory_format=torch.channels_last)
    model.autoencoder.to(memory_format=torch.channels_last)
    photo = torch.rand(1, 3, MODEL.multiple, MODEL.multiple) * 2 - 1
    z_0 = model.unet(photo, torch.tensor([3]), model.unet.condition(photo))
    assert z_0.shape == (1, 3, 64, 64)
    assert z_0.isfinite().all()
    # A corner of the latent is enough to run the decoder: it is the slowest part.
    corner = model.autoencoder.decode(z_0[..., :16, :16])
    assert corner.shape == (1, 3, 64, 64)
    assert corner.isfinite().all()
    assert model.autoencoder.encode(corner).shape == (1, 3, 16, 16)
