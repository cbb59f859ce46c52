"""Put trained weights into the package: fit what confidence needs, store, lock.

    python scripts/ship_colorizer.py runs/colorizer/colorizer.safetensors \
        --recipe configs/colorizer.toml --data ../shared/data

`error_per_spread`, the CIEDE2000 to expect for a unit of the samples' spread, is the ratio of
the two, summed over the training photographs that training kept apart for validation. It goes
into the configuration inside the file; then `weights.lock` gets the file's size and hash.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch.nn import functional as F

from evaluation.metrics import Picture, grey_of, lab_of
from evaluation.product import Colorizer
from restore import color
from shipping.lock import Shipped, head, store
from training.recipe import Recipe
from training.shards import Lab8, load

LEAST_VARIATION = 0.15
"""Of the spread within a photo, against its mean. A denoiser that learned nothing draws the same
noise everywhere: 8 samples, averaged over 5 x 5 cells, then vary by about 0.04."""


@click.command(help=__doc__)
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--recipe", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="As for training.")
@click.option("--name", default="colorizer-v1", show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--configs", default="configs/colorizer.toml", help="That trained them, in words.")
@click.option("--photos", default=200, show_default=True, help="To fit on, at most.")
def main(
    weights: Path,
    recipe: Path,
    data: Path,
    cache: Path | None,
    name: str,
    commit: str | None,
    configs: str,
    photos: int,
) -> None:
    """Fit, store and lock."""
    trained_on = load([data / "train", data / "train-extra"], cache)
    held = trained_on[:: Recipe.read(recipe).validation_every]
    with safe_open(weights, framework="pt") as file:
        config = json.loads(file.metadata()["config"])
    config["error_per_spread"] = fit(weights, held[:: -(-len(held) // photos)])
    click.echo(f"error_per_spread {config['error_per_spread']}")
    content = save(load_file(weights), metadata={"config": json.dumps(config)})
    store(
        Shipped(
            name=name,
            backend="diffusion",
            source=f"scripts/train_colorizer.py with {configs}, commit {commit or head()}",
            data=f"{len(trained_on) - len(held):,} photographs of public research collections: "
            f"see docs/models/{name}.md",
        ),
        content,
    )


def fit(weights: Path, photos: Sequence[Lab8]) -> float:
    """Return CIEDE2000 of the default output over the spread of true samples, both averaged.

    Raises:
        click.ClickException: If the spread is the same all over a photo: an untrained denoiser.
    """
    colorizer = Colorizer(weights)
    error, spread, variations = 0.0, 0.0, []
    with click.progressbar(photos) as bar:
        for photo in bar:
            truth = picture_of(photo)
            grey = grey_of(truth)
            result = colorizer.results(grey, None, 1, seed=0)[0]
            error += float(color.ciede2000(lab_of(result), lab_of(truth)).mean())
            found = colorizer.confidence(grey, seed=0).spread
            spread += float(found.mean())
            found = F.avg_pool2d(found[None], 5, stride=1)
            variations.append(float(found.std() / found.mean()))
    if (variation := float(np.median(variations))) < LEAST_VARIATION:
        raise click.ClickException(f"the spread varies by {variation:.2f}: no trained denoiser")
    return round(error / spread, 3)


def picture_of(photo: Lab8) -> Picture:
    """Return a training photo as 8-bit sRGB."""
    lab = torch.from_numpy(photo.astype(np.float32)).permute(2, 0, 1)
    lab = (lab - torch.tensor([0.0, 128, 128]).view(3, 1, 1)) / torch.tensor([2.55, 1, 1]).view(
        3, 1, 1
    )
    return color.from_picture(color.from_lab(lab)).numpy()


if __name__ == "__main__":
    main()
