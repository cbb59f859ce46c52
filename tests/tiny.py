"""Small random weights in each backend's own format: nothing is downloaded, nothing is slow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file

from restore.nets.autoencoder import AutoencoderConfig, Denoiser
from restore.nets.chroma import ChromaConfig, ChromaNet
from restore.nets.resshift.pixel import PixelConfig, PixelNet

CHROMA = ChromaConfig((8, 16, 56), (1, 1, 1), 1, (8, 8, 56))
PIXELS = PixelConfig((8, 12, 16, 16), depth=1)
DENOISER = AutoencoderConfig((8, 12, 16), (1, 1, 1), (8, 8, 8))


def chroma_net(folder: Path) -> dict[str, Path]:
    """Write a `ChromaNet` in which no layer is silent."""
    torch.manual_seed(0)
    net = ChromaNet(CHROMA)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    path = folder / "chroma.safetensors"
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(CHROMA))})
    return {"tiny": path}


def denoiser_net(folder: Path) -> dict[str, Path]:
    """Write a `Denoiser` in which no layer is silent."""
    torch.manual_seed(0)
    net = Denoiser(DENOISER)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    path = folder / "denoiser.safetensors"
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(DENOISER))})
    return {"tiny": path}


def pixel_net(folder: Path) -> dict[str, Path]:
    """Write a `PixelNet` in which no layer is silent."""
    torch.manual_seed(0)
    net = PixelNet(PIXELS)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    path = folder / "resshift.safetensors"
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(PIXELS))})
    return {"tiny": path}


def nothing(folder: Path) -> dict[str, Path]:
    return {}


#: By the backend's name; a new row of the table needs a line here.
MAKERS: dict[str, Callable[[Path], dict[str, Path]]] = {
    "autoencoder": denoiser_net,
    "diffusion": chroma_net,
    "identity": nothing,
    "resshift": pixel_net,
}
