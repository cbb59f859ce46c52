"""Train the denoiser and its estimator of the noise's level, within a budget of wall-clock time.

    python scripts/train_denoiser.py configs/denoiser.toml --data ../shared/data --out runs/denoiser

The run can be stopped at any time (SIGTERM saves first) and started again with the same
command: it goes on from `OUT/checkpoint.pt`, and the time already spent counts. Every minute it
prints a line of its curve, and appends it to `OUT/curve.jsonl`. The averaged weights, in half
precision, are in `OUT/denoiser.safetensors`, as of the last checkpoint. `--start` begins with the
weights of an earlier run instead of random ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import click
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from degrading.camera import photographed
from degrading.chain import degraded
from degrading.codecs import jpeg
from degrading.gaussian import gaussian
from degrading.quantizing import quantized
from restore.nets.autoencoder import CELL, Denoiser, folded_levels
from training.asked import Asked, asks
from training.denoiser_recipe import DenoiserRecipe, Phase
from training.learner import Learner
from training.makers import made
from training.patches import Rgb8, load, middles, random_patches
from training.session import resume, train

Pair = tuple[Tensor, Tensor]
"""(clean, noisy), each (N, 3, H, W) in [0, 1]."""

VALIDATION_SIDE = 256
VALIDATION_MINUTES = 15  #: measuring takes a minute on a CPU
VALIDATION_SIGMAS = (15, 25, 50)
VALIDATION_SENSOR = ((0.0005, 0.002), (0.002, 0.004), (0.008, 0.008))  #: (gain, read noise)
PERFECT = 0.5 / 255  #: root mean square of an error that is as good as none


def level_of(noise: Tensor) -> Tensor:
    """Return the root mean square of noise around each cell: (N, 3, H / CELL, W / CELL)."""
    cells = F.avg_pool2d(noise.square(), CELL)
    around = F.avg_pool2d(F.pad(cells, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return around.sqrt()


def level_loss(estimated: Tensor, level: Tensor, floor: float) -> Tensor:
    """Return by which factor the level is missed, as a logarithm; `floor` in 8-bit levels."""
    return torch.log((estimated + floor / 255) / (level + floor / 255)).abs().mean()


def picture_loss(restored: Tensor, clean: Tensor) -> Tensor:
    """Return the mean of pictures' PSNR, negative and scaled.

    A decibel counts alike in weak noise and in strong; in a mean of errors the strong counts all.
    """
    errors = (restored - clean).square().mean((1, 2, 3))
    return 0.1 * torch.log10(errors + PERFECT**2).mean()


def losses_of(net: Denoiser, pair: Pair, recipe: DenoiserRecipe, told: Tensor) -> dict[str, Tensor]:
    """Return the losses of a batch; `told` (N,) is 1 for pictures that come with their level."""
    clean, noisy = pair
    level = level_of(noisy - clean)
    estimated = net.estimator(noisy).float()
    off = 0.02 * level_loss(estimated, level, recipe.level_floor)
    if recipe.trains == "estimator":
        return {"level": off}
    known = told[:, None, None, None]
    shown = known * level + (1 - known) * estimated.detach()
    restored = net.autoencoder(noisy, folded_levels(shown)).float()
    return {"picture": picture_loss(restored, clean), "level": off}


class Run(Learner[Denoiser]):
    """Everything a checkpoint holds, and the step that advances it."""

    def __init__(self, recipe: DenoiserRecipe, device: torch.device, held: Tensor) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.held = recipe, held
        super().__init__(Denoiser(recipe.net), recipe, device)

    @property
    def trained(self) -> nn.Module:
        return self.net.estimator if self.recipe.trains == "estimator" else self.net

    @property
    def side(self) -> int:
        return self.recipe.phase_at(self.progress).side

    def advance(self, pair: Pair) -> dict[str, float]:
        """Take one optimizer step; return its losses."""
        self.begin()
        pair = moved(pair, self.device)
        told = torch.rand(len(pair[0]), generator=self.generator) < self.recipe.told
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = losses_of(self.net, pair, self.recipe, told.float().to(self.device))
        self.learn(torch.stack(list(losses.values())).sum(), pair[0].numel() // 3)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def measure(self) -> dict[str, float]:
        """Measure the averaged weights on photographs kept apart."""
        return validate(self.average(), self.held, self.device)


def moved(pair: Pair, device: torch.device) -> Pair:
    """Return the pair on a device, channels last."""
    clean, noisy = (x.to(device, memory_format=torch.channels_last) for x in pair)
    return clean, noisy


def make(photos: Sequence[Rgb8], recipe: DenoiserRecipe, phase: Phase, number: int) -> Pair:
    """Make the batch of a number, for a phase.

    Half of them keep the place of JPEG's blocks, which photos show uncropped.
    """
    random = np.random.default_rng((recipe.seed, number))
    large = random_patches(photos, phase.batch, phase.side + CELL, random)
    clean, noisy = degraded(large, random, recipe.ways)
    top, left = random.integers(CELL, size=2) if random.random() < 0.5 else (CELL, CELL)
    rows, columns = slice(top, top + phase.side), slice(left, left + phase.side)
    return clean[..., rows, columns].contiguous(), noisy[..., rows, columns].contiguous()


def batches(run: Run, photos: Sequence[Rgb8], processes: int) -> Iterator[Pair]:
    """Yield batches without end."""

    def arguments(number: int) -> tuple[DenoiserRecipe, Phase, int]:
        return run.recipe, run.recipe.phase_at(run.progress), number

    return made(make, arguments, photos, processes, run.step)


@torch.no_grad()
def _blindly(net: Denoiser, picture: Tensor) -> tuple[Tensor, Tensor]:
    """Return the picture (3, H, W) restored without being told its level, and the level found."""
    level = net.estimator(picture[None])
    return net.autoencoder(picture[None], folded_levels(level))[0], level


def _psnr(picture: Tensor, clean: Tensor) -> float:
    return -10 * float(torch.log10((picture - clean).square().mean()))


@torch.no_grad()
def validate(net: Denoiser, held: Tensor, device: torch.device) -> dict[str, float]:
    """Measure a network, blind, on 8-bit pictures: PSNR, and the level's error.

    Args:
        net: On the device, ready for inference.
        held: (N, 3, H, W) in [0, 1], clean.
        device: Where it computes.
    """
    truth = held.to(device)
    found: dict[str, float] = {}
    errors = []
    for sigma in VALIDATION_SIGMAS:
        noisy = quantized(gaussian(held, sigma / 255, np.random.default_rng(sigma)))
        psnr = []
        for clean, picture in zip(truth, noisy.to(device), strict=True):
            restored, level = _blindly(net, picture)
            psnr.append(_psnr(quantized(restored), clean))
            errors.append(abs(float(level.mean() / level_of((picture - clean)[None]).mean()) - 1))
        found[f"psnr_{sigma}"] = float(np.mean(psnr))
    found["level_error"] = float(np.median(errors))
    for gain, read in VALIDATION_SENSOR:
        pictures = photographed(held, gain, read, np.random.default_rng(0))
        noisy = jpeg(pictures, [90] * len(held), "4:2:0").to(device)
        psnr = [_psnr(_blindly(net, y)[0], x) for x, y in zip(truth, noisy, strict=True)]
        found[f"psnr_sensor_{gain}"] = float(np.mean(psnr))
    left = [_blindly(net, clean) for clean in truth]
    found["level_clean"] = 255 * float(np.mean([float(level.median()) for _, level in left]))
    found["psnr_clean"] = float(
        np.mean([_psnr(picture, x) for (picture, _), x in zip(left, truth, strict=True)])
    )
    return found


@click.command(help=__doc__)
@asks
@click.option("--makers", type=click.IntRange(1), default=1, help="Processes that make batches.")
def main(asked: Asked, makers: int) -> None:
    """Train until the time is up."""
    recipe = DenoiserRecipe.read(asked.config)
    recipe = replace(recipe, minutes=asked.budget(recipe.minutes))
    photos = load(asked.data / "train-hires")
    held = middles(photos[:: recipe.validation_every], VALIDATION_SIDE)
    del photos[:: recipe.validation_every]
    run = Run(recipe, torch.device(asked.device), held)
    if not resume(run, asked.out, run.device) and asked.start is not None:
        run.start_from(asked.start)
    parameters = sum(p.numel() for p in run.net.parameters())
    click.echo(f"{len(photos)} photos, {len(held)} held, {parameters / 1e6:.2f} M parameters")
    train(
        *(run, batches(run, photos, makers), asked.out, "denoiser.safetensors"),
        session_minutes=asked.session_minutes,
        measuring_minutes=VALIDATION_MINUTES,
    )


if __name__ == "__main__":
    main()
