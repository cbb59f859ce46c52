"""Train the diffusion colorizer, on a CPU or a GPU, within a budget of wall-clock time.

    python scripts/train_colorizer.py configs/colorizer.toml --data ../shared/data \
        --out runs/colorizer

The run can be stopped at any time (SIGTERM saves first) and started again with the same
command: it goes on from `OUT/checkpoint.pt`, and the time already spent counts. Every minute it
prints a line of its curve, and appends it to `OUT/curve.jsonl`. The averaged weights, in half
precision, are in `OUT/colorizer.safetensors`, as of the last checkpoint. `--start` begins with the
weights of an earlier run instead of random ones; parts that no phase trains stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from restore.nets import edm
from restore.nets.chroma import (
    AB_SCALE,
    HISTOGRAM_BINS,
    HISTOGRAM_WIDTH,
    ChromaNet,
    Reading,
)
from training.asked import Asked, asks
from training.averaging import Averaged
from training.crops import Batch, plain_batch, random_batch
from training.part import Part
from training.prefetch import prefetched
from training.recipe import Phase, Recipe
from training.session import resume, train
from training.shards import Lab8, load

VALIDATION_MINUTES = 5


def bins_of(ab: Tensor) -> Tensor:
    """Return the colour bin of every cell: (N, h, w), for chroma in network units."""
    cells = (ab * AB_SCALE / HISTOGRAM_WIDTH + HISTOGRAM_BINS / 2).floor()
    cells = cells.clamp(0, HISTOGRAM_BINS - 1).long()
    return cells[:, 0] * HISTOGRAM_BINS + cells[:, 1]


def mean_loss(mean: Tensor, ab: Tensor) -> Tensor:
    """Charbonnier's loss of the chroma error: squared when small, its length when large."""
    return ((mean - ab).square().sum(1) + 1).sqrt().mean() - 1


def diffusion_loss(
    net: ChromaNet, reading: Reading, ab: Tensor, draws: int, generator: torch.Generator
) -> Tensor:
    """EDM's denoising loss of the residual around the encoder's expectation.

    Each photo counts `draws` times, with noise of its own: its reading is the dear part.
    """
    sigma_data = net.config.sigma_data
    ab = ab.repeat(draws, 1, 1, 1)
    reading = Reading(*(part.repeat(draws, 1, 1, 1) for part in vars(reading).values()))
    residual = ab - reading.mean
    n = len(ab)
    sigma = torch.exp(1.3 + 1.8 * torch.randn(n, generator=generator)).to(ab.device)
    noise = torch.randn(residual.shape, generator=generator).to(ab.device)
    noisy = residual + sigma[:, None, None, None] * noise
    at = edm.Precondition.at(sigma[:, None, None, None], sigma_data)
    raw = net.denoiser(at.scale * noisy, at.noise[:, 0, 0, 0], reading).float()
    clean = at.skip * noisy + at.out * raw
    return (
        edm.loss_weight(sigma, sigma_data)[:, None, None, None] * (clean - residual) ** 2
    ).mean()


class Run:
    """Everything a checkpoint holds, and the step that advances it."""

    def __init__(self, recipe: Recipe, device: torch.device, held: list[Batch]) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.held = recipe, device, held
        self.net = ChromaNet(recipe.net).to(device).to(memory_format=torch.channels_last)
        self.bins = nn.Conv2d(recipe.net.widths[0], HISTOGRAM_BINS**2, 1).to(device)
        optimized = (recipe.learning_rate, recipe.weight_decay)
        self.parts = {
            "encoder": Part([self.net.encoder, self.bins], *optimized),
            "denoiser": Part([self.net.denoiser], *optimized),
        }
        self.averaged = Averaged(self.net, recipe.averaging)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.step, self.seconds, self.seen = 0, 0.0, 0

    @property
    def progress(self) -> float:
        return self.seconds / (60 * self.recipe.minutes)

    @property
    def side(self) -> int:
        return self.recipe.phase_at(self.progress).side

    def advance(self, phased: tuple[Batch, Phase]) -> dict[str, float]:
        """Take one optimizer step; return its losses."""
        batch, phase = phased
        parts = [self.parts[name] for name in phase.trains]
        for name in phase.trains:
            self.parts[name].begin(self.recipe.rate_at(self.progress, name))
        batch = moved(batch, self.device)
        losses: dict[str, Tensor] = {}
        if "encoder" in phase.trains:
            self.net.encoder.train()
            reading, losses = self._read(batch)
        else:
            reading = self._frozen_reading(batch)
        if "denoiser" in phase.trains:
            with torch.autocast(self.device.type, torch.bfloat16):
                losses["diffusion"] = diffusion_loss(
                    self.net, reading, batch.ab, phase.draws, self.generator
                )
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        for part in parts:
            part.step()
        self.step += 1
        self.seen += batch.lightness.numel()
        self.averaged.update(self.net, self.step)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _read(self, batch: Batch) -> tuple[Reading, dict[str, Tensor]]:
        """Return what the encoder sees, cut off from its gradients, and its losses."""
        with torch.autocast(self.device.type, torch.bfloat16):
            reading = self.net.encoder(batch.lightness, batch.hints, batch.histogram)
            logits = self.bins(F.avg_pool2d(reading.fine, 2))  # half the grid: enough, and cheap
        mean = reading.mean.float()
        bins = F.cross_entropy(logits.float(), bins_of(F.avg_pool2d(batch.ab, 2)))
        losses = {"mean": mean_loss(mean, batch.ab), "bins": bins * self.recipe.bins_weight}
        return Reading(mean.detach(), reading.fine.detach(), reading.coarse.detach()), losses

    @torch.no_grad()
    def _frozen_reading(self, batch: Batch) -> Reading:
        """Return what the averaged encoder sees, which is the one that ships."""
        if self.net.encoder.training:
            self.net.load_state_dict(
                {
                    name: self.averaged.values[name] if name.startswith("encoder.") else value
                    for name, value in self.net.state_dict().items()
                }
            )
            self.net.encoder.eval()
        with torch.autocast(self.device.type, torch.bfloat16):
            reading = self.net.encoder(batch.lightness, batch.hints, batch.histogram)
        return Reading(reading.mean.float(), reading.fine, reading.coarse)

    def measure(self) -> dict[str, float]:
        """Measure the averaged weights on photographs kept apart."""
        net = ChromaNet(self.recipe.net).to(self.device).eval()
        net.load_state_dict(self.averaged.values)
        return validate(net, [moved(batch, self.device) for batch in self.held])

    def start_from(self, weights: Path) -> None:
        """Begin with the weights that an earlier run saved, in half precision or full."""
        self.net.load_state_dict(load_file(weights))
        self.averaged = Averaged(self.net, self.recipe.averaging)

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "bins": self.bins.state_dict(),
            "parts": {name: part.state() for name, part in self.parts.items()},
            "averaged": self.averaged.values,
            "generator": self.generator.get_state(),
            "clock": (self.step, self.seconds, self.seen),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.bins.load_state_dict(state["bins"])
        for name, part in self.parts.items():
            part.restore(state["parts"][name])
        self.averaged.values = {n: v.to(self.device) for n, v in state["averaged"].items()}
        self.generator.set_state(state["generator"].cpu())
        self.step, self.seconds, self.seen = state["clock"]

    def save_weights(self, path: Path) -> None:
        """Write the averaged weights in half precision, with the configuration inside the file."""
        self.averaged.save(path, asdict(self.recipe.net))


def moved(batch: Batch, device: torch.device) -> Batch:
    """Return the batch on a device, its pictures channels last."""
    pictures = (batch.lightness, batch.hints, batch.ab)
    lightness, hints, ab = (
        x.to(device, memory_format=torch.channels_last, non_blocking=True) for x in pictures
    )
    return Batch(lightness, hints, batch.histogram.to(device, non_blocking=True), ab)


@torch.no_grad()
def validate(net: ChromaNet, batches: list[Batch]) -> dict[str, float]:
    """Measure a network: explained chroma variance, gain in dB over grey, error."""
    generator = torch.Generator().manual_seed(0)  # the same noise every time
    unexplained, gains, errors, diffusion = [], [], [], []
    for batch in batches:
        reading = net.encoder(batch.lightness, batch.hints, batch.histogram)
        mean = reading.mean
        diffusion.append(float(diffusion_loss(net, reading, batch.ab, 4, generator)))
        left, all_ = (mean - batch.ab).square().mean(), batch.ab.square().mean()
        unexplained.append((float(left), float(all_)))
        gains.append(float(10 * torch.log10(all_ / left)))
        errors.append(float((mean - batch.ab).square().sum(1).sqrt().mean()) * AB_SCALE)
    left, total = np.array(unexplained).sum(0)
    return {
        "explained": float(1 - left / total),
        "gain_db": float(np.mean(gains)),
        "ab_error": float(np.mean(errors)),
        "held_diffusion": float(np.mean(diffusion)),
    }


def batches(run: Run, photos: list[Lab8]) -> Iterator[tuple[Batch, Phase]]:
    """Yield batches without end; photos in a new order every epoch."""
    recipe = run.recipe
    random = np.random.default_rng([recipe.seed, run.step])
    order = np.empty(0, dtype=np.int64)
    while True:
        phase = recipe.phase_at(run.progress)
        while len(order) < phase.batch:
            order = np.concatenate([order, random.permutation(len(photos))])
        indices, order = order[: phase.batch], order[phase.batch :]
        yield (
            random_batch(
                photos,
                indices,
                phase.side,
                random,
                smallest=phase.smallest,
                hint_chance=recipe.hint_chance,
                histogram_chance=recipe.histogram_chance,
            ),
            phase,
        )


@click.command(help=__doc__)
@asks
@click.option("--cache", type=click.Path(path_type=Path), help="Keep the decoded photos here.")
def main(asked: Asked, cache: Path | None) -> None:
    """Train until the time is up."""
    recipe = Recipe.read(asked.config)
    recipe = replace(recipe, minutes=asked.budget(recipe.minutes))
    photos = load([asked.data / "train", asked.data / "train-extra"], cache)
    held = plain_batch(photos[:: recipe.validation_every], recipe.phases[-1].side)
    del photos[:: recipe.validation_every]
    run = Run(recipe, torch.device(asked.device), held)
    if not resume(run, asked.out, run.device) and asked.start is not None:
        run.start_from(asked.start)
    parameters = sum(p.numel() for p in run.net.parameters())
    click.echo(f"{len(photos)} photos, {len(held)} held, {parameters / 1e6:.2f} M parameters")
    train(
        *(run, prefetched(batches(run, photos), ahead=2), asked.out, "colorizer.safetensors"),
        session_minutes=asked.session_minutes,
        measuring_minutes=VALIDATION_MINUTES,
    )


if __name__ == "__main__":
    main()
