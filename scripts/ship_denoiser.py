"""Put a trained denoiser into the package, if it denoises; then lock it.

    python scripts/ship_denoiser.py runs/denoiser/denoiser.safetensors --data ../shared/data

`--estimator` takes the estimator of the level from another run, or with `--share` below 1 a mean of
its weights and the first run's, if that one began with them (Wortsman et al. 2022,
arXiv:2109.01903). `--out` writes the file there and
leaves the package as it is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

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
@click.option("--estimator", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--share", type=click.FloatRange(0, 1), default=1.0, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", default="denoiser-v1", show_default=True)
@click.option("--commit", help="That trained them. Default: the current one.")
@click.option("--configs", default="configs/denoiser.toml", help="That trained them, in words.")
def main(
    weights: Path,
    data: Path,
    estimator: Path | None,
    share: float,
    out: Path | None,
    name: str,
    commit: str | None,
    configs: str,
) -> None:
    """Join, check, store and lock."""
    content = weights.read_bytes() if estimator is None else joined(weights, estimator, share)
    photos = load(data / "train-hires")
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(content)
        file.flush()
        gained = gain(Path(file.name), middles(photos[:PHOTOS], 256))
    click.echo(f"gain at sigma 25: {gained:.2f} dB")
    if gained < LEAST_GAIN:
        raise click.ClickException(f"a denoiser gains {LEAST_GAIN} dB: this one is not trained")
    if out is not None:
        out.write_bytes(content)
        return
    shipped = Shipped(
        name=name,
        backend="autoencoder",
        source=f"scripts/train_denoiser.py with {configs}, commit {commit or head()}",
        data=f"{len(photos)} photographs of public research collections: see docs/models/{name}.md",
    )
    store(shipped, content)


def joined(weights: Path, estimator: Path, share: float) -> bytes:
    """Return a file with the autoencoder of one run and a share of another's estimator."""
    with safe_open(estimator, framework="pt") as file:
        metadata = file.metadata()  # the second run's configuration knows of both
    state, other = load_file(weights), load_file(estimator)
    for name in [name for name in other if name.startswith("estimator.")]:
        own = other[name].float() if share == 1 else state[name].float()
        state[name] = torch.lerp(own, other[name].float(), share).half()
    return save(state, metadata=metadata)


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
