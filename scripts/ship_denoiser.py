"""Put a trained denoiser into the package, if it denoises; then lock it.

    python scripts/ship_denoiser.py runs/denoiser/denoiser.safetensors --data ../shared/data

`--estimator` takes the estimator of the level from another run, or with `--share` below 1 a mean of
its weights and the first run's, if that one began with them (Wortsman et al. 2022,
arXiv:2109.01903). `--out` writes the file there and leaves the package as it is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save

from degrading.gaussian import gaussian
from degrading.quantizing import quantized
from restore.backends.stored import read_net
from restore.errors import WeightsError
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
    if estimator is None and share < 1:
        raise click.UsageError("--share is of the file that --estimator names: name one")
    try:
        content = weights.read_bytes() if estimator is None else joined(weights, estimator, share)
        photos = load(data / "train-hires")
        gained = gain(content, middles(photos[:PHOTOS], 256))
    except (WeightsError, FileNotFoundError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"gain at sigma 25: {gained:.2f} dB")
    if not gained >= LEAST_GAIN:  # NaN neither
        raise click.ClickException(f"a denoiser gains {LEAST_GAIN} dB: this one is not trained")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
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
    """Return a file with the autoencoder of one run and a share of another's estimator.

    Raises:
        WeightsError: If one of the files is not safetensors, or they do not fit each other.
    """
    try:
        with safe_open(estimator, framework="pt") as file:
            metadata = file.metadata()  # the second run's configuration knows of both
        state, other = load_file(weights), load_file(estimator)
        names = [name for name in other if name.startswith("estimator.")]
        if not names:
            raise ValueError(f"{estimator} has no estimator")
        for name in names:
            own = other[name].float() if share == 1 else state[name].float()
            state[name] = torch.lerp(own, other[name].float(), share).half()
    except (SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{weights} and {estimator} cannot be joined: {error}") from error
    return save(state, metadata=metadata)


@torch.no_grad()
def gain(content: bytes, clean: torch.Tensor) -> float:
    """Return how much PSNR rises, blind, with noise of 25 levels: dB.

    Args:
        content: Of a file of weights.
        clean: (N, 3, H, W) in [0, 1].

    Raises:
        WeightsError: If it is not this network's.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "denoiser.safetensors"
        path.write_bytes(content)
        net = read_net(path, lambda table: Denoiser(AutoencoderConfig.of(table))).eval()
    noisy = quantized(gaussian(clean, 25 / 255, np.random.default_rng(0)))
    restored = net.autoencoder(noisy, folded_levels(net.estimator(noisy))).clamp(0, 1)
    before, after = ((picture - clean).square().mean((1, 2, 3)) for picture in (noisy, restored))
    return float((10 * (before / after).log10()).mean())


if __name__ == "__main__":
    main()
