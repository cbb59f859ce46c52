"""The denoiser in one piece, in tiles as the program runs it, and as one would call it naively."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from restore import color, registry
from restore.backend import Draws, Guidance, Shown, Task
from restore.backends.autoencoder import AutoencoderDenoiser
from restore.backends.stored import read_net
from restore.clock import Stopwatch
from restore.device import freeze_arithmetic
from restore.job import Job
from restore.nets.autoencoder import MULTIPLE, AutoencoderConfig, Denoiser, folded_levels
from restore.photo import Photo, Pixels
from restore.pipeline import Workers, tiled
from restore.pipeline.levels import measured


def load(weights: Path, tile: int | None = None) -> AutoencoderDenoiser:
    """Load the backend as the program does, on the CPU; with tiles of another size, if given."""
    freeze_arithmetic()
    place = torch.device("cpu"), torch.float32
    backend = AutoencoderDenoiser.load(Task.DENOISE, {"weights": weights}, {}, *place)
    if tile is not None:
        side = -(-tile // MULTIPLE) * MULTIPLE
        backend.limits = replace(backend.limits, tile=side, bytes_per_pixel=0)
    return backend


def load_net(weights: Path) -> Denoiser:
    """Load the networks alone, as they are stored."""
    return read_net(weights, lambda table: Denoiser(AutoencoderConfig.of(table))).eval()


def whole_picture(pixels: Pixels) -> Tensor:
    """Return all of a photo as (1, 3, H, W), padded to what the network accepts."""
    picture = color.to_picture(torch.from_numpy(pixels))[None]
    pad = (0, -picture.shape[3] % MULTIPLE, 0, -picture.shape[2] % MULTIPLE)
    return F.pad(picture, pad, mode="replicate").contiguous()


def bare(backend: AutoencoderDenoiser, picture: Tensor) -> Tensor:
    """Estimate and denoise one picture (1, 3, H, W), with nothing around the networks."""

    def none(sample: int, step: int, channels: int, stride: int) -> Tensor:
        raise AssertionError("it draws nothing")

    with torch.inference_mode():
        return backend.restore(Shown(picture), None, Draws(), none).results[0]


def in_tiles(backend: AutoencoderDenoiser, photo: Photo) -> Pixels:
    """Estimate and denoise a photo through the program's tiler, on one thread."""
    workers = Workers(1)
    return _network(backend, photo, measured(photo, backend, workers).level, workers)


def in_one_tile(weights: Path, photo: Photo) -> Pixels:
    """Do the same without a seam: neither in the map of levels nor in the result."""
    backend = load(weights, tile=max(photo.pixels.shape))
    with torch.inference_mode():
        level = backend.levels(Shown(whole_picture(photo.pixels)))[0]
    return _network(backend, photo, level, Workers(1))


def naively(net: Denoiser, picture: Tensor) -> Tensor:
    """Call the networks on the whole picture as they come: eager, contiguous, no tiles."""
    with torch.no_grad():
        return net.autoencoder(picture, folded_levels(net.estimator(picture)))


def largest_difference(one: Pixels, other: Pixels) -> float:
    """Return by how many 8-bit levels two pictures of one integer type differ at most."""
    unit = np.iinfo(one.dtype).max / 255
    return float(np.abs(one.astype(np.int32) - other).max() / unit)


def _network(backend: AutoencoderDenoiser, photo: Photo, level: Tensor, workers: Workers) -> Pixels:
    job = Job(Task.DENOISE, registry.find("autoencoder", Task.DENOISE), None)
    guidance = Guidance(noise_map=level)
    clock = Stopwatch()
    return tiled.restore(photo, backend, job, guidance, Draws(), workers, clock).render(0)
