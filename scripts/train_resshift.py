"""Train the ResShift that ships, within a budget of wall-clock time.

    python scripts/train_resshift.py configs/resshift.toml \
        --start src/restore/models/denoiser-v1.safetensors --data ../shared/data --out runs/resshift

The run can be stopped at any time (SIGTERM saves first) and started again with the same
command: it goes on from `OUT/checkpoint.pt`, and the time already spent counts. Every minute it
prints a line of its curve, and appends it to `OUT/curve.jsonl`. The averaged weights, in half
precision, are in `OUT/resshift.safetensors`, as of the last checkpoint. `--start` begins with the
weights of the denoiser, or of an earlier run of this program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from degrading.restoring import Pairs, damaged
from restore.nets.resshift.pixel import STEPS, PixelNet
from restore.nets.resshift.prefill import prefilled
from training.asked import Asked, asks
from training.averaging import Averaged
from training.learner import Learner
from training.makers import made
from training.patches import Rgb8, load, random_patches
from training.resshift_recipe import ResShiftRecipe
from training.restoring_gain import decibels, gains, kept_apart, places
from training.session import resume, train

ASSUMED_NOISE = 15 / 255  #: that the denoiser is told of, as it begins to work blind


def picture_loss(restored: Tensor, clean: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of pictures' PSNR where they may change, negative and scaled.

    A decibel counts alike in a faint fault and in a hole, at the chain's end and at its start.

    Args:
        restored: (N, 3, H, W).
        clean: Likewise.
        mask: (N, 1, H, W), 1 in holes, 0 elsewhere.
    """
    return -0.01 * decibels(restored, clean, places(mask)).mean()


def begin_as_denoiser(net: PixelNet, path: Path) -> None:
    """Copy what the denoiser has learned: it then does what that does, at every step.

    That is, told of ASSUMED_NOISE; and away from the picture's borders, where a level that became
    a part of the bias does not end.

    Raises:
        RuntimeError: If the file's widths are not the network's, or its blocks more.
    """
    learned = {
        name.removeprefix("autoencoder.").replace("bottom.", "down3."): value.float()
        for name, value in load_file(path).items()
        if name.startswith("autoencoder.")
    }
    own = net.state_dict()
    head = learned.pop("head.weight")
    pixels = head.shape[1] - 3  # the last three planes are the level of the noise
    learned["head.bias"] += ASSUMED_NOISE * head[:, pixels:].sum((1, 2, 3))
    learned["head.weight"] = torch.zeros_like(own["head.weight"])
    learned["head.weight"][:, :pixels] = head[:, :pixels]
    for name in ("grow3.weight", "grow3.bias"):  # nothing comes from below at first
        learned[name] = torch.zeros_like(own[name])
    net.load_state_dict({**own, **learned})


class ResShiftRun(Learner[PixelNet]):
    """Everything a checkpoint holds, and the step that advances it."""

    def __init__(self, recipe: ResShiftRecipe, device: torch.device, held: Pairs) -> None:
        torch.manual_seed(recipe.seed)
        super().__init__(PixelNet(recipe.net), recipe, device)
        self.recipe, self.held = recipe, held
        self.chain = recipe.net.schedule

    @property
    def side(self) -> int:
        return self.recipe.side

    def advance(self, batch: Pairs) -> dict[str, float]:
        """Take one optimizer step; return its losses."""
        self.begin()
        clean, left, mask = (
            planes.to(self.device, memory_format=torch.channels_last)
            for planes in (batch.clean, prefilled(batch.degraded, batch.mask), batch.mask)
        )
        step = torch.randint(STEPS, (len(clean),), generator=self.generator)
        noise = torch.randn(clean.shape, generator=self.generator).to(self.device)
        state = self.chain.scaled(self.chain.forward(clean, left, step, noise), step)
        with torch.autocast(self.device.type, torch.bfloat16):
            restored = self.net(state, left, mask, step.to(self.device)).float()
        loss = picture_loss(restored, clean, mask)
        self.learn(loss, clean[:, 0].numel())
        return {"picture": float(loss.detach())}

    def measure(self) -> dict[str, float]:
        """Measure the averaged weights: gain over the degraded picture, by kind, in dB."""
        return gains(self.average(), self.held, self.device)

    def start_from(self, weights: Path) -> None:
        """Begin with the weights of the denoiser, or of an earlier run."""
        with safe_open(weights, framework="pt") as file:
            is_denoiser = any(name.startswith("autoencoder.") for name in file.keys())  # noqa: SIM118
        if not is_denoiser:
            super().start_from(weights)
            return
        begin_as_denoiser(self.net, weights)
        self.averaged = Averaged(self.net, self.recipe.averaging)


def make(photos: Sequence[Rgb8], recipe: ResShiftRecipe, number: int) -> Pairs:
    """Make the batch of a number."""
    random = np.random.default_rng((recipe.seed, number))
    clean = random_patches(photos, recipe.batch, recipe.side, random)
    return damaged(clean, random, recipe.shares)


def batches(run: ResShiftRun, photos: Sequence[Rgb8], makers: int) -> Iterator[Pairs]:
    """Yield batches without end."""
    return made(make, lambda number: (run.recipe, number), photos, makers, run.step)


@click.command(help=__doc__)
@asks
@click.option("--makers", type=click.IntRange(1), default=1, help="Processes that make batches.")
def main(asked: Asked, makers: int) -> None:
    """Train until the time is up."""
    recipe = ResShiftRecipe.read(asked.config)
    recipe = replace(recipe, minutes=asked.budget(recipe.minutes))
    photos = load(asked.data / "train-hires")
    held = kept_apart(photos[:: recipe.validation_every])
    del photos[:: recipe.validation_every]
    run = ResShiftRun(recipe, torch.device(asked.device), held)
    if not resume(run, asked.out, run.device) and asked.start is not None:
        run.start_from(asked.start)
    parameters = sum(p.numel() for p in run.net.parameters())
    click.echo(f"{len(photos)} photos, {len(held.clean)} held, {parameters / 1e6:.2f} M parameters")
    train(
        *(run, batches(run, photos, makers), asked.out, "resshift.safetensors"),
        session_minutes=asked.session_minutes,
        measuring_minutes=10,
    )


if __name__ == "__main__":
    main()
