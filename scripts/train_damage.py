"""Train what finds damage for `restore inpaint --mask auto`, within a budget of wall-clock time.

    python scripts/train_damage.py configs/damage.toml --data ../shared/data --out runs/damage

The run can be stopped at any time (SIGTERM saves first) and started again with the same
command: it goes on from `OUT/checkpoint.pt`, and the time already spent counts. Every minute it
prints a line of its curve, and appends it to `OUT/curve.jsonl`. The averaged weights, in half
precision, are in `OUT/damage.safetensors`, as of the last checkpoint. `--start` begins with the
weights of an earlier run instead of random ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from degrading.prints import Prints, prints
from restore.nets.damage import DamageNet
from training.asked import Asked, asks
from training.damage_finding import found_of, kept_apart
from training.damage_recipe import DamageRecipe
from training.learner import Learner
from training.makers import made
from training.patches import Rgb8, load, random_patches
from training.session import resume, train

MEASURING_MINUTES = 10


def picture_loss(logits: Tensor, batch: Prints) -> Tensor:
    """Return the cross-entropy of the pixels that count, so that answers are probabilities."""
    each = F.binary_cross_entropy_with_logits(logits, batch.damaged, reduction="none")
    return (each * batch.counts).sum() / batch.counts.sum()


class DamageRun(Learner[DamageNet]):
    """Everything a checkpoint holds, and the step that advances it."""

    def __init__(self, recipe: DamageRecipe, device: torch.device, held: Prints) -> None:
        torch.manual_seed(recipe.seed)
        super().__init__(DamageNet(recipe.net), recipe, device)
        self.recipe, self.held = recipe, held

    @property
    def side(self) -> int:
        return self.recipe.side

    def advance(self, batch: Prints) -> dict[str, float]:
        """Take one optimizer step; return its losses."""
        self.begin()
        there = Prints(
            *(
                planes.to(self.device, memory_format=torch.channels_last)
                for planes in (batch.scan, batch.damaged, batch.counts)
            )
        )
        # Not on a CPU: many have no bfloat16 of their own, and are slower with it.
        on_cpu = self.device.type == "cpu"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=not on_cpu):
            logits = self.net(there.scan).float()
        loss = picture_loss(logits, there)
        self.learn(loss, there.scan.numel())
        return {"picture": float(loss.detach())}

    def measure(self) -> dict[str, float]:
        """Measure the averaged weights on photographs kept apart."""
        return found_of(self.average(), self.held, self.device)


Photos = tuple[Sequence[Rgb8], Sequence[Rgb8]]
"""Detailed ones, and small ones of many more things."""


def make(photos: Photos, recipe: DamageRecipe, number: int) -> Prints:
    """Make the batch of a number."""
    random = np.random.default_rng((recipe.seed, number))
    detailed, small = photos
    count = int(random.binomial(recipe.batch, recipe.detailed))
    patches = torch.cat(
        [
            random_patches(some, many, recipe.side, random)
            for some, many in ((detailed, count), (small, recipe.batch - count))
            if many
        ]
    )
    return prints(patches.mean(1, keepdim=True), random)


def batches(run: DamageRun, photos: Photos, makers: int) -> Iterator[Prints]:
    """Yield batches without end."""
    return made(make, lambda number: (run.recipe, number), photos, makers, run.step)


@click.command(help=__doc__)
@asks
@click.option("--makers", type=click.IntRange(1), default=1, help="Processes that make batches.")
def main(asked: Asked, makers: int) -> None:
    """Train until the time is up."""
    recipe = DamageRecipe.read(asked.config)
    recipe = replace(recipe, minutes=asked.budget(recipe.minutes))
    detailed = load(asked.data / "train-hires")
    held = kept_apart(detailed[:: recipe.validation_every])
    del detailed[:: recipe.validation_every]
    small = [photo for photo in load(asked.data / "train") if min(photo.shape[:2]) >= recipe.side]
    run = DamageRun(recipe, torch.device(asked.device), held)
    if not resume(run, asked.out, run.device) and asked.start is not None:
        run.start_from(asked.start)
    parameters = sum(p.numel() for p in run.net.parameters())
    click.echo(
        f"{len(detailed)} and {len(small)} photos, {len(held.scan)} held, "
        f"{parameters / 1e6:.2f} M parameters"
    )
    train(
        *(run, batches(run, (detailed, small), makers), asked.out, "damage.safetensors"),
        session_minutes=asked.session_minutes,
        measuring_minutes=MEASURING_MINUTES,
    )


if __name__ == "__main__":
    main()
