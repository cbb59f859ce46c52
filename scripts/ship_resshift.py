"""Put a trained ResShift into the package, if it restores, fills and enlarges; then lock it.

python scripts/ship_resshift.py runs/resshift/resshift.safetensors --data ../shared/data
"""

from __future__ import annotations

from pathlib import Path

import click
import torch

from restore.backends.stored import read_net
from restore.errors import WeightsError
from restore.nets.resshift.pixel import PixelConfig, PixelNet
from shipping.lock import Shipped, head, store
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
def main(weights: Path, data: Path, name: str, commit: str | None) -> None:
    """Check, store and lock."""
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
    shipped = Shipped(
        name=name,
        backend="resshift",
        source=f"scripts/train_resshift.py with configs/resshift.toml, commit {commit or head()}",
        data=f"{len(photos)} photographs of public research collections: see docs/models/{name}.md",
    )
    store(shipped, weights.read_bytes())


if __name__ == "__main__":
    main()
