"""Train the diffusion colorizer, on a CPU or a GPU, within a budget of wall-clock time.

    python scripts/train_colorizer.py configs/colorizer.toml --data ../shared/data \
        --out runs/colorizer

The run can be stopped at any time (SIGTERM saves first) and started again with the same
command: it goes on from `OUT/checkpoint.pt`, and the time already spent counts. Every minute it
prints a line of its curve, and appends it to `OUT/curve.jsonl`. The averaged weights, in half
precision, are in `OUT/colorizer.safetensors`, as of the last checkpoint.
"""

from __future__ import annotations

import json
import signal
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from restore.nets import edm
from restore.nets.chroma import (
    AB_SCALE,
    HISTOGRAM_BINS,
    HISTOGRAM_WIDTH,
    ChromaConfig,
    ChromaNet,
    Reading,
)
from training.crops import Batch, plain_batch, random_batch
from training.muon import Muon
from training.prefetch import prefetched
from training.shards import Lab8, load


@dataclass(frozen=True)
class Phase:
    """A part of the run with one crop size."""

    share: float  #: of the whole run's time
    side: int  #: of the lightness crop, pixels
    batch: int
    smallest: float  #: smallest crop, in units of the photo's short side
    denoise: bool  #: train the denoiser too


@dataclass(frozen=True)
class Recipe:
    """The configuration file, typed."""

    minutes: float
    seed: int
    learning_rate: float
    weight_decay: float
    averaging: float
    bins_weight: float
    hint_chance: float
    histogram_chance: float
    validation_every: int
    net: ChromaConfig
    phases: tuple[Phase, ...]

    @classmethod
    def read(cls, path: Path) -> Recipe:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        net = ChromaConfig.of(table.pop("net"))
        phases = tuple(Phase(**phase) for phase in table.pop("phases"))
        return cls(**table, net=net, phases=phases)

    def phase_at(self, progress: float) -> Phase:
        """Return the phase after a share `progress` of the time."""
        end = 0.0
        for phase in self.phases:
            end += phase.share
            if progress < end:
                return phase
        return self.phases[-1]

    def rate_at(self, progress: float, step: int) -> float:
        """Warm up over 200 steps, stay, and fall to zero in the last 40% of the time."""
        return self.learning_rate * min(1.0, (step + 1) / 200, max(0.0, (1 - progress) / 0.4))


def bins_of(ab: Tensor) -> Tensor:
    """Return the colour bin of every cell: (N, h, w), for chroma in network units."""
    cells = (ab * AB_SCALE / HISTOGRAM_WIDTH + HISTOGRAM_BINS / 2).floor()
    cells = cells.clamp(0, HISTOGRAM_BINS - 1).long()
    return cells[:, 0] * HISTOGRAM_BINS + cells[:, 1]


def mean_loss(mean: Tensor, ab: Tensor) -> Tensor:
    """Charbonnier's loss of the chroma error: squared when small, its length when large."""
    return ((mean - ab).square().sum(1) + 1).sqrt().mean() - 1


def diffusion_loss(
    net: ChromaNet, reading: Reading, ab: Tensor, generator: torch.Generator
) -> Tensor:
    """EDM's denoising loss of the residual around the encoder's expectation."""
    sigma_data = net.config.sigma_data
    residual = ab - reading.mean
    n = len(ab)
    sigma = torch.exp(0.7 + 1.4 * torch.randn(n, generator=generator)).to(ab.device)
    noise = torch.randn(residual.shape, generator=generator).to(ab.device)
    noisy = residual + sigma[:, None, None, None] * noise
    at = edm.Precondition.at(sigma[:, None, None, None], sigma_data)
    raw = net.denoiser(at.scale * noisy, at.noise[:, 0, 0, 0], reading).float()
    clean = at.skip * noisy + at.out * raw
    return (
        edm.loss_weight(sigma, sigma_data)[:, None, None, None] * (clean - residual) ** 2
    ).mean()


class Averaged:
    """An exponential moving average of a network's weights and statistics."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)


class Run:
    """Everything a checkpoint holds, and the step that advances it."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.device = recipe, device
        self.net = ChromaNet(recipe.net).to(device).to(memory_format=torch.channels_last)
        self.bins = nn.Conv2d(recipe.net.widths[0], HISTOGRAM_BINS**2, 1).to(device)
        matrices = [p for p in self.net.parameters() if p.ndim >= 2]
        rest = [p for p in self.net.parameters() if p.ndim < 2] + list(self.bins.parameters())
        decay = recipe.weight_decay
        self.muon = Muon(matrices, recipe.learning_rate, weight_decay=decay)
        self.adam = torch.optim.AdamW(rest, recipe.learning_rate, (0.9, 0.99), weight_decay=decay)
        self.averaged = Averaged(self.net, recipe.averaging)
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.step, self.seconds, self.seen = 0, 0.0, 0

    @property
    def progress(self) -> float:
        return self.seconds / (60 * self.recipe.minutes)

    def advance(self, batch: Batch, phase: Phase) -> dict[str, float]:
        """Take one optimizer step; return its losses."""
        for optimizer in (self.muon, self.adam):
            for group in optimizer.param_groups:
                group["lr"] = self.recipe.rate_at(self.progress, self.step)
            optimizer.zero_grad(set_to_none=True)
        batch = moved(batch, self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            reading = self.net.encoder(batch.lightness, batch.hints, batch.histogram)
            logits = self.bins(F.avg_pool2d(reading.fine, 2))  # half the grid: enough, and cheap
        mean = reading.mean.float()
        losses = {
            "mean": mean_loss(mean, batch.ab),
            "bins": F.cross_entropy(logits.float(), bins_of(F.avg_pool2d(batch.ab, 2)))
            * self.recipe.bins_weight,
        }
        if phase.denoise:
            fixed = Reading(mean.detach(), reading.fine.detach(), reading.coarse.detach())
            with torch.autocast(self.device.type, torch.bfloat16):
                losses["diffusion"] = diffusion_loss(self.net, fixed, batch.ab, self.generator)
        total = torch.stack(list(losses.values())).sum()
        total.backward()  # type: ignore[no-untyped-call]
        self.muon.step()
        self.adam.step()
        self.averaged.update(self.net, self.step)
        self.step += 1
        self.seen += len(batch.ab)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "bins": self.bins.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "averaged": self.averaged.values,
            "generator": self.generator.get_state(),
            "clock": (self.step, self.seconds, self.seen),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.bins.load_state_dict(state["bins"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.averaged.values = {n: v.to(self.device) for n, v in state["averaged"].items()}
        self.generator.set_state(state["generator"])
        self.step, self.seconds, self.seen = state["clock"]


def moved(batch: Batch, device: torch.device) -> Batch:
    """Return the batch on a device, its pictures channels last."""
    pictures = (batch.lightness, batch.hints, batch.ab)
    lightness, hints, ab = (
        x.to(device, memory_format=torch.channels_last, non_blocking=True) for x in pictures
    )
    return Batch(lightness, hints, batch.histogram.to(device, non_blocking=True), ab)


@torch.no_grad()
def validate(run: Run, batches: list[Batch]) -> dict[str, float]:
    """Measure the averaged weights: explained chroma variance, gain in dB over grey, error."""
    net = ChromaNet(run.recipe.net).to(run.device).eval()
    net.load_state_dict(run.averaged.values)
    unexplained, gains, errors = [], [], []
    for batch in (moved(batch, run.device) for batch in batches):
        mean = net.encoder(batch.lightness, batch.hints, batch.histogram).mean
        left, all_ = (mean - batch.ab).square().mean(), batch.ab.square().mean()
        unexplained.append((float(left), float(all_)))
        gains.append(float(10 * torch.log10(all_ / left)))
        errors.append(float((mean - batch.ab).square().sum(1).sqrt().mean()) * AB_SCALE)
    left, total = np.array(unexplained).sum(0)
    return {
        "explained": float(1 - left / total),
        "gain_db": float(np.mean(gains)),
        "ab_error": float(np.mean(errors)),
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


def save_weights(run: Run, path: Path) -> None:
    """Write the averaged weights in half precision, with the configuration inside the file."""
    half = {
        name: value.half().cpu().contiguous() if value.is_floating_point() else value.cpu()
        for name, value in run.averaged.values.items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(half, path, metadata={"config": json.dumps(asdict(run.recipe.net))})


@click.command(help=__doc__)
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="Keep the decoded photos here.")
@click.option("--minutes", type=float, help="Instead of the configuration's budget.")
@click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu", show_default=True)
@click.option("--threads", type=int, default=0, help="CPU threads; 0: all.")
@click.option("--session-minutes", type=float, help="Stop after so long; the next call goes on.")
def main(
    config: Path,
    data: Path,
    out: Path,
    cache: Path | None,
    minutes: float | None,
    device: str,
    threads: int,
    session_minutes: float | None,
) -> None:
    """Train until the time is up."""
    if threads:
        torch.set_num_threads(threads)
    recipe = Recipe.read(config)
    if minutes is not None:
        recipe = Recipe(**{**vars(recipe), "minutes": minutes})
    out.mkdir(parents=True, exist_ok=True)
    photos = load([data / "train", data / "train-extra"], cache)
    held = plain_batch(photos[:: recipe.validation_every], recipe.phases[-1].side)
    del photos[:: recipe.validation_every]
    run = Run(recipe, torch.device(device))
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        run.restore(torch.load(checkpoint, map_location=device, weights_only=True))
    parameters = sum(p.numel() for p in run.net.parameters())
    click.echo(f"{len(photos)} photos, {len(held)} held, {parameters / 1e6:.2f} M parameters")
    session = run.seconds + 60 * (session_minutes or recipe.minutes)
    started = time.monotonic() - run.seconds
    reported, losses = run.seconds, []
    stream = prefetched(batches(run, photos), ahead=2)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    while run.progress < 1 and run.seconds < session and not stopped.is_set():
        batch, phase = next(stream)
        losses.append(run.advance(batch, phase))
        run.seconds = time.monotonic() - started
        if run.seconds - reported > 60:
            reported = run.seconds
            report(run, phase, losses, {}, out)
            losses = []
            if round(run.seconds / 60) % 5 == 0:
                report(run, phase, losses, validate(run, held), out)
                save(run, out)
    report(run, recipe.phase_at(run.progress), losses, validate(run, held), out)
    save(run, out)


def save(run: Run, out: Path) -> None:
    """Write the checkpoint, whole or not at all, and the weights as they stand."""
    part = out / "checkpoint.part"
    torch.save(run.state(), part)
    part.replace(out / "checkpoint.pt")
    save_weights(run, out / "colorizer.safetensors")


def report(
    run: Run, phase: Phase, losses: list[dict[str, float]], measured: dict[str, float], out: Path
) -> None:
    """Print one line of the curve and append it to the file."""
    names = losses[0] if losses else ()
    line = {
        "minute": round(run.seconds / 60, 2),
        "step": run.step,
        "seen": run.seen,
        "side": phase.side,
        **{name: round(float(np.mean([loss[name] for loss in losses])), 4) for name in names},
        **{name: round(value, 4) for name, value in measured.items()},
    }
    click.echo(json.dumps(line))
    with (out / "curve.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
