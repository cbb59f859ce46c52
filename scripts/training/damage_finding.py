"""How much damage a network finds on photographs kept apart, and how much it only imagines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from degrading.prints import Prints, prints
from restore.nets.damage import DamageNet

from .patches import Rgb8, middles

SIDE = 288  #: of the pictures
EACH = 3  #: prints of every photograph
PATCH = 160  #: side of what the configurations train on: larger prints bear no more marks
PRINTS = 40  #: of every photograph, where nothing but damage is counted
LIKELY = 0.5  #: from here on a pixel is taken for damaged
NEAR = 1  #: pixels around a mark that are not wrong to be taken for it


def kept_apart(photos: Sequence[Rgb8]) -> Prints:
    """Return prints of the middles of photos to measure by.

    Raises:
        ValueError: If a photo is smaller than those.
    """
    if any(min(photo.shape[:2]) < SIDE for photo in photos):
        raise ValueError(f"it takes photographs of {SIDE} pixels a side to measure by")
    grey = middles(photos, SIDE).mean(1, keepdim=True)
    return prints(grey.repeat(EACH, 1, 1, 1), np.random.default_rng(0))


def damaged_share(photos: Sequence[Rgb8]) -> float:
    """Return the share of damaged pixels, of those that count, on patches as in training."""
    grey = middles(photos, PATCH).mean(1, keepdim=True)
    damaged = counted = 0.0
    for seed in range(1, PRINTS + 1):
        made = prints(grey, np.random.default_rng(seed))
        damaged, counted = damaged + float(made.damaged.sum()), counted + float(made.counts.sum())
    return damaged / counted


@torch.no_grad()
def found_of(net: DamageNet, held: Prints, device: torch.device) -> dict[str, float]:
    """Measure a network: its loss, what it finds, what of that is right, what it imagines.

    Args:
        net: On the device, ready for inference.
        held: Of `kept_apart`.
        device: Where it computes.
    """
    loss = counted = truth = found = told = right = clean = false = 0.0
    for index in range(len(held.scan)):
        one = slice(index, index + 1)
        scan, damaged, counts = (
            planes[one].to(device) for planes in (held.scan, held.damaged, held.counts)
        )
        logits: Tensor = net(scan)
        each = F.binary_cross_entropy_with_logits(logits, damaged, reduction="none")
        loss += float((each * counts).sum())
        counted += float(counts.sum())
        taken = (logits > np.log(LIKELY / (1 - LIKELY))).float()
        around = F.max_pool2d(torch.maximum(damaged, 1 - counts), 2 * NEAR + 1, 1, NEAR)
        if damaged.any():
            truth, found = truth + float(damaged.sum()), found + float((taken * damaged).sum())
            told, right = told + float(taken.sum()), right + float((taken * around).sum())
        else:
            clean, false = clean + float(counts.sum()), false + float((taken * counts).sum())
    return {
        "loss": loss / counted,
        "found": found / max(1, truth),
        "right": right / max(1, told),
        "false": false / max(1, clean),
    }
