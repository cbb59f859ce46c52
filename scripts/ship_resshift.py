"""Put a trained ResShift into the package, if it restores, fills and enlarges; then lock it.

    python scripts/ship_resshift.py runs/resshift/resshift.safetensors --data ../shared/data

`error_per_spread`, the CIEDE2000 to expect for a unit of the samples' spread, is measured for each
task on the photographs that training kept apart, and goes into the configuration inside the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save

from restore.backends.stored import read_net
from restore.errors import WeightsError
from restore.nets.resshift.pixel import PixelConfig, PixelNet
from shipping.lock import Shipped, head, store
from shipping.restoring_doubt import error_per_spread
from training.patches import load
from training.restoring_gain import gains, kept_apart

APART = 25  #: every so-many-th photograph: those that `configs/resshift.toml` keeps apart
LEAST_GAIN = {"everywhere_mean": 1.0, "holes_mean": 0.5, "enlarged_mean": 0.0}
"""dB over the degraded picture."""


@click.command(help=__doc__)
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="resshift-v1", show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--configs", default="configs/resshift.toml", help="That trained them, in words.")
def main(weights: Path, data: Path, name: str, commit: str | None, configs: str) -> None:
    """Check, measure, store and lock."""
    try:
        net = read_net(weights, lambda table: PixelNet(PixelConfig.of(table))).eval()
        photos = load(data / "train-hires")
        held = kept_apart(photos[::APART])
    except (WeightsError, FileNotFoundError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    found = gains(net, held, torch.device("cpu"))
    for kind, least in LEAST_GAIN.items():
        click.echo(f"{kind}: {found[kind]:.2f} dB")
        if not found[kind] >= least:  # NaN neither
            raise click.ClickException(f"{kind} must gain {least} dB: this one is not trained")
    config = {**asdict(net.config), "error_per_spread": error_per_spread(net, held)}
    click.echo(f"error_per_spread: {config['error_per_spread']}")
    shipped = Shipped(
        name=name,
        backend="resshift",
        source=f"scripts/train_resshift.py with {configs}, commit {commit or head()}",
        data=f"{len(photos)} photographs of public research collections: see docs/models/{name}.md",
    )
    store(shipped, save(load_file(weights), metadata={"config": json.dumps(config)}))


if __name__ == "__main__":
    main()
