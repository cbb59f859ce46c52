"""How much a restorer gains on photographs kept apart, by what has happened to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from degrading.restoring import Pairs, damaged
from restore.nets.resshift.pixel import PixelNet
from restore.nets.resshift.prefill import prefilled
from restore.nets.resshift.sampler import Predict, sample

from .patches import Rgb8, middles

KINDS = ("everywhere", "holes", "enlarged")
ANSWERS = ("first", "sample", "mean")
"""What is measured: the network's answer at the chain's end, one sample, the mean of a few."""

SIDE = 256  #: of the pictures
SAMPLES = 2
PERFECT = 0.5 / 255  #: root mean square of an error that is as good as none


def kept_apart(photos: Sequence[Rgb8]) -> Pairs:
    """Return the middles of photos to measure by, the kinds of damage in turn.

    Raises:
        ValueError: If there are fewer photos than kinds.
    """
    if len(photos) < len(KINDS):
        raise ValueError(f"it takes {len(KINDS)} photographs to measure by, not {len(photos)}")
    clean = middles(photos, SIDE)
    random = np.random.default_rng(0)
    parts = []
    for index in range(len(clean)):
        only = {kind: float(kind == KINDS[index % len(KINDS)]) for kind in KINDS}
        parts.append(damaged(clean[index : index + 1], random, only))
    return Pairs(
        torch.cat([part.clean for part in parts]),
        torch.cat([part.degraded for part in parts]),
        torch.cat([part.mask for part in parts]),
    )


def places(mask: Tensor) -> Tensor:
    """Return where a network may change a picture: in its holes, or everywhere without any."""
    return torch.where(mask.amax((1, 2, 3), keepdim=True) > 0, mask, torch.ones_like(mask))


def decibels(restored: Tensor, clean: Tensor, counts: Tensor) -> Tensor:
    """Return each picture's PSNR where it counts, and at most that of PERFECT: (N,).

    Args:
        restored: (N, 3, H, W).
        clean: Likewise.
        counts: (N, 1, H, W), 1 where an error counts, else 0.
    """
    errors = ((restored - clean).square() * counts).mean((1, 2, 3)) / counts.mean((1, 2, 3))
    return -10 * torch.log10(errors + PERFECT**2)


@torch.no_grad()
def gains(net: PixelNet, held: Pairs, device: torch.device) -> dict[str, float]:
    """Measure a network: dB over the degraded picture, its holes filled smoothly.

    Args:
        net: On the device, ready for inference.
        held: Of `kept_apart`.
        device: Where it computes.
    """
    found: dict[str, list[float]] = {f"{kind}_{what}": [] for kind in KINDS for what in ANSWERS}
    for index in range(len(held.clean)):
        one = slice(index, index + 1)
        clean, degraded, mask = (
            planes[one].to(device) for planes in (held.clean, held.degraded, held.mask)
        )
        left = prefilled(degraded, mask)
        answers = _answers(net, left, mask)
        before = decibels(left.clamp(0, 1), clean, places(mask))
        for what, answer in zip(ANSWERS, answers, strict=True):
            after = decibels(answer.clamp(0, 1), clean, places(mask))
            found[f"{KINDS[index % len(KINDS)]}_{what}"].append(float(after - before))
    return {name: float(np.mean(each)) for name, each in found.items()}


@torch.no_grad()
def drawn(net: PixelNet, left: Tensor, mask: Tensor, count: int) -> Tensor:
    """Draw samples of what one picture was: (count, 3, H, W) in [0, 1].

    Args:
        net: Ready for inference.
        left: (1, 3, H, W) of the picture, its holes filled smoothly.
        mask: (1, 1, H, W), 1 in holes.
        count: How many.
    """

    def one(number: int) -> Tensor:
        generator = torch.Generator().manual_seed(number)
        return sample(
            _predictor(net, left, mask),
            left,
            net.config.schedule,
            lambda _: torch.randn(left.shape, generator=generator).to(left.device),
        )

    return torch.cat([one(number).clamp(0, 1) for number in range(count)])


def _predictor(net: PixelNet, left: Tensor, mask: Tensor) -> Predict:
    def predict(state: Tensor, step: Tensor) -> Tensor:
        return torch.where(places(mask) > 0, net(state, left, mask, step), left)

    return predict


def _answers(net: PixelNet, left: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return one of each of ANSWERS."""
    chain = net.config.schedule
    samples = drawn(net, left, mask, SAMPLES)
    last = torch.full((1,), chain.steps - 1, device=left.device)
    noise = torch.randn(left.shape, generator=torch.Generator().manual_seed(0)).to(left.device)
    state = chain.scaled(chain.prior(left, noise), last)
    first = _predictor(net, left, mask)(state, last)
    return first, samples[:1], samples.mean(0, keepdim=True)
