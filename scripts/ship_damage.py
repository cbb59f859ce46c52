"""Put a trained finder of damage into the package, if it sees damage and little else; then lock it.

python scripts/ship_damage.py runs/damage/damage.safetensors --data ../shared/data
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save

from restore import registry
from restore.backend import Task
from restore.backends.stored import read_net
from restore.errors import WeightsError
from restore.nets.damage import DamageConfig, DamageNet
from shipping.lock import Shipped, head, store
from training.damage_finding import damaged_share, found_of, kept_apart
from training.patches import load

APART = 25  #: every so-many-th photograph: those that `configs/damage.toml` keeps apart
LEAST = {"found": 0.25, "right": 0.75}  #: of the pixels of marks; of what is taken for marks
MOST = {"false": 0.003}  #: of the pixels of prints without marks


@click.command(help=__doc__)
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default=registry.FINDER.models[0], show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--configs", default="configs/damage.toml", help="That trained them, in words.")
def main(weights: Path, data: Path, name: str, commit: str | None, configs: str) -> None:
    """Check, store and lock."""
    try:
        net = read_net(weights, lambda table: DamageNet(DamageConfig.of(table))).eval()
        photos = load(data / "train-hires")
        held = kept_apart(photos[::APART])
    except (WeightsError, FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    found = found_of(net, held, torch.device("cpu"))
    for what, value in found.items():
        click.echo(f"{what}: {value:.4f}")
    for what, least in LEAST.items():
        if not found[what] >= least:  # NaN neither
            raise click.ClickException(f"{what} must be {least} or more: this one is not trained")
    for what, most in MOST.items():
        if not found[what] <= most:
            raise click.ClickException(f"{what} must be {most} or less: this one is not trained")
    shipped = Shipped(
        name=name,
        backend=registry.FINDER.name,
        source=f"scripts/train_damage.py with {configs}, commit {commit or head()}",
        data=f"photographs of public research collections: see docs/models/{name}.md",
        tasks=(str(Task.INPAINT),),
    )
    config = {**asdict(net.config), "damaged_share": round(damaged_share(photos[::APART]), 4)}
    click.echo(f"damaged_share: {config['damaged_share']}")
    store(shipped, save(load_file(weights), metadata={"config": json.dumps(config)}))


if __name__ == "__main__":
    main()
