"""Put trained weights into the package: fit what confidence needs, store, lock.

    python scripts/ship_colorizer.py runs/colorizer/colorizer.safetensors \
        --recipe configs/colorizer.toml --data ../shared/data

`error_per_spread`, the CIEDE2000 to expect for a unit of the samples' spread, is the ratio of
the two, summed over the training photographs that training kept apart for validation. It goes
into the configuration inside the file; then `weights.lock` gets the file's size and hash.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from evaluation.metrics import Picture, grey_of, lab_of
from evaluation.product import Colorizer
from restore import color
from training.recipe import Recipe
from training.shards import Lab8, load

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "src/restore/models"
LOCK = ROOT / "weights.lock"

ENTRY = """# Every file of weights that this program may use; one that differs is refused.
# Written by scripts/ship_colorizer.py.

[{name}]
file = "{name}.safetensors"
url = ""
embedded = true
bytes = {bytes}
sha256 = "{sha256}"
licence = "research and personal use only: trained on photographs under mixed terms"
source = "scripts/train_colorizer.py with configs/colorizer.toml, commit {commit}"
data = "{photos:,} photographs of public research collections: see docs/models/{name}.md"
backend = "diffusion"
"""


@click.command(help=__doc__)
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--recipe", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--cache", type=click.Path(path_type=Path), help="As for training.")
@click.option("--name", default="colorizer-v1", show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--photos", default=200, show_default=True, help="To fit on, at most.")
def main(
    weights: Path,
    recipe: Path,
    data: Path,
    cache: Path | None,
    name: str,
    commit: str | None,
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
    MODELS.mkdir(exist_ok=True)
    (MODELS / f"{name}.safetensors").write_bytes(content)
    entry = ENTRY.format(
        name=name,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        commit=commit or head(),
        photos=len(trained_on) - len(held),
    )
    LOCK.write_text(entry, encoding="utf-8")


def fit(weights: Path, photos: Sequence[Lab8]) -> float:
    """Return CIEDE2000 of the default output over the spread of true samples, both averaged."""
    colorizer = Colorizer(weights)
    error, spread = 0.0, 0.0
    with click.progressbar(photos) as bar:
        for photo in bar:
            truth = picture_of(photo)
            grey = grey_of(truth)
            result = colorizer.results(grey, None, 1, seed=0)[0]
            error += float(color.ciede2000(lab_of(result), lab_of(truth)).mean())
            spread += float(colorizer.confidence(grey, seed=0).spread.mean())
    return round(error / spread, 3)


def picture_of(photo: Lab8) -> Picture:
    """Return a training photo as 8-bit sRGB."""
    lab = torch.from_numpy(photo.astype(np.float32)).permute(2, 0, 1)
    lab = (lab - torch.tensor([0.0, 128, 128]).view(3, 1, 1)) / torch.tensor([2.55, 1, 1]).view(
        3, 1, 1
    )
    return color.from_picture(color.from_lab(lab)).numpy()


def head() -> str:
    """Return the current commit, short."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
