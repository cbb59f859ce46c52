"""Small random weights in each backend's own format: nothing is downloaded, nothing is slow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from restore.nets.autoencoder import AutoencoderConfig, Denoiser
from restore.nets.chroma import ChromaConfig, ChromaNet
from restore.nets.damage import DamageConfig, DamageNet
from restore.nets.resshift.pixel import PixelConfig, PixelNet

CHROMA = ChromaConfig((8, 16, 56), (1, 1, 1), 1, (8, 8, 56))
PIXELS = PixelConfig(
    (8, 12, 16, 16), depth=1, error_per_spread={"denoise": 2.0, "inpaint": 2.0, "upscale": 2.0}
)
DAMAGE = DamageConfig((8, 12, 16), (1, 1, 1))
DENOISER = AutoencoderConfig((8, 12, 16), (1, 1, 1), (8, 8, 8))


def _stored(net: nn.Module, std: float, config: object, path: Path) -> dict[str, Path]:
    """Write a network in which no layer is silent."""
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=std)
    save_file(net.state_dict(), path, metadata={"config": json.dumps(config)})
    return {"tiny": path}


def chroma_net(folder: Path) -> dict[str, Path]:
    """Write a `ChromaNet`."""
    torch.manual_seed(0)
    return _stored(ChromaNet(CHROMA), 0.1, asdict(CHROMA), folder / "chroma.safetensors")


def denoiser_net(folder: Path) -> dict[str, Path]:
    """Write a `Denoiser`."""
    torch.manual_seed(0)
    return _stored(Denoiser(DENOISER), 0.05, asdict(DENOISER), folder / "denoiser.safetensors")


def damage_net(folder: Path) -> dict[str, Path]:
    """Write a `DamageNet`, which is no backend's."""
    torch.manual_seed(0)
    return _stored(DamageNet(DAMAGE), 0.1, asdict(DAMAGE), folder / "damage.safetensors")


def pixel_net(folder: Path) -> dict[str, Path]:
    """Write a `PixelNet`."""
    torch.manual_seed(0)
    return _stored(PixelNet(PIXELS), 0.05, asdict(PIXELS), folder / "resshift.safetensors")


def nothing(folder: Path) -> dict[str, Path]:
    return {}


#: By the backend's name; a new row of the table needs a line here.
MAKERS: dict[str, Callable[[Path], dict[str, Path]]] = {
    "autoencoder": denoiser_net,
    "diffusion": chroma_net,
    "identity": nothing,
    "resshift": pixel_net,
}
