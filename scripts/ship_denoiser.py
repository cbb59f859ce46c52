"""Put a trained denoiser into the package, if it denoises; then lock it.

python scripts/ship_denoiser.py runs/denoiser/denoiser.safetensors --data ../shared/data
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import torch

from degrading.gaussian import gaussian
from degrading.quantizing import quantized
from restore.backends.stored import read_net
from restore.nets.autoencoder import AutoencoderConfig, Denoiser, folded_levels
from shipping.lock import Shipped, head, store
from training.patches import load, middles

LEAST_GAIN = 6.0  #: dB, blind, on training photographs with Gaussian noise of 25 levels
PHOTOS = 16


@click.command(help=__doc__)
@click.argument("weights", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="denoiser-v1", show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--configs", default="configs/denoiser.toml", help="That trained them, in words.")
def main(weights: Path, data: Path, name: str, commit: str | None, configs: str) -> None:
    """Check, store and lock."""
    photos = load(data / "train-hires")
    gained = gain(weights, middles(photos[:PHOTOS], 256))
    click.echo(f"gain at sigma 25: {gained:.2f} dB")
    if gained < LEAST_GAIN:
        raise click.ClickException(f"a denoiser gains {LEAST_GAIN} dB: this one is not trained")
    shipped = Shipped(
        name=name,
        backend="autoencoder",
        source=f"scripts/train_denoiser.py with {configs}, commit {commit or head()}",
        data=f"{len(photos)} photographs of public research collections: see docs/models/{name}.md",
    )
    store(shipped, weights.read_bytes())


@torch.no_grad()
def gain(weights: Path, clean: torch.Tensor) -> float:
    """Return how much PSNR rises, blind, with noise of 25 levels: dB."""
    net = read_net(weights, lambda table: Denoiser(AutoencoderConfig.of(table))).eval()
    noisy = quantized(gaussian(clean, 25 / 255, np.random.default_rng(0)))
    restored = net.autoencoder(noisy, folded_levels(net.estimator(noisy))).clamp(0, 1)
    before, after = ((picture - clean).square().mean((1, 2, 3)) for picture in (noisy, restored))
    return float((10 * (before / after).log10()).mean())


if __name__ == "__main__":
    main()
