"""The denoiser in one piece, in tiles as the program runs it, and as one would call it naively."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from restore import color, registry
from restore.backend import Draws, Guidance, Shown, Task
from restore.backends.autoencoder import AutoencoderDenoiser
from restore.backends.stored import read_net
from restore.clock import Stopwatch
from restore.device import freeze_arithmetic
from restore.job import Job
from restore.nets.autoencoder import (
    FOLD,
    MULTIPLE,
    AutoencoderConfig,
    Block,
    Denoiser,
    folded_levels,
)
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


def whole_picture(pixels: Pixels, multiple: int = MULTIPLE) -> Tensor:
    """Return all of a photo as (1, 3, H, W), padded to what the network accepts."""
    picture = color.to_picture(torch.from_numpy(pixels))[None]
    pad = (0, -picture.shape[3] % multiple, 0, -picture.shape[2] % multiple)
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
    """Call the networks on the whole picture as a textbook does: eager, contiguous, no tiles.

    Nothing is done in place, and features live until the function ends.
    """
    with torch.no_grad():
        coder, levels = net.autoencoder, folded_levels(net.estimator(picture))
        first = _through(
            coder.down1, coder.head(torch.cat([F.pixel_unshuffle(picture, FOLD), levels], 1))
        )
        second = _through(coder.down2, coder.shrink1(first))
        third = _through(coder.bottom, coder.shrink2(second))
        up2 = _through(coder.up2, coder.grow2(third) + second)
        up1 = _through(coder.up1, coder.grow1(up2) + first)
        return picture - F.pixel_shuffle(coder.tail(up1), FOLD)


def _through(blocks: nn.Sequential, x: Tensor) -> Tensor:
    for block in blocks:
        assert isinstance(block, Block)
        x = x + block.conv2(F.relu(block.conv1(x)))
    return x


def largest_difference(one: Pixels, other: Pixels) -> float:
    """Return by how many 8-bit levels two pictures of one integer type differ at most."""
    unit = np.iinfo(one.dtype).max / 255
    return float(np.abs(one.astype(np.int32) - other).max() / unit)


def _network(backend: AutoencoderDenoiser, photo: Photo, level: Tensor, workers: Workers) -> Pixels:
    job = Job(Task.DENOISE, registry.find("autoencoder", Task.DENOISE), None)
    guidance = Guidance(noise_map=level)
    clock = Stopwatch()
    return tiled.restore(photo, backend, job, guidance, Draws(), workers, clock).render(0)
