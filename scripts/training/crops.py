"""Batches for the colorizer: random crops, lightness as old cameras saw it, hints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from restore.nets.chroma import AB_SCALE, GRID_STRIDE, HISTOGRAM_SIZE, histogram_of

from .shards import Lab8

Random = np.random.Generator


@dataclass(frozen=True)
class Batch:
    """What one training step sees; see `restore.nets.chroma` for the units."""

    lightness: Tensor  #: (N, 1, side, side)
    hints: Tensor  #: (N, 3, side / 4, side / 4)
    histogram: Tensor  #: (N, HISTOGRAM_SIZE)
    ab: Tensor  #: (N, 2, side / 4, side / 4), the truth, network units


def random_crop(photo: Lab8, side: int, random: Random, smallest: float) -> np.ndarray:
    """Cut a square of `smallest` to 1 times the short side, resize it, flip it half the time."""
    height, width, _ = photo.shape
    edge = min(height, width) * random.uniform(smallest, 1)
    left, top = random.uniform(0, width - edge), random.uniform(0, height - edge)
    stretch = np.exp(random.uniform(-0.1, 0.1))
    box = (left, top, min(left + edge * stretch, width), min(top + edge / stretch, height))
    crop = np.asarray(
        Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR, box, reducing_gap=2)
    )
    return crop[:, ::-1] if random.random() < 0.5 else crop


def aged(lightness: Tensor, ab: Tensor, random: Random) -> Tensor:
    """Change lightness the way film, paper, lenses and scanners do; colour stays as it is.

    Args:
        lightness: (N, 1, S, S), L* / 100.
        ab: (N, 2, S, S), CIE units: a film that sees blue brighter than the eye does is a
            lightness with some of -b* in it.
    """
    n = len(lightness)

    def pick(low: float, high: float, chance: float, neutral: float) -> Tensor:
        values = random.uniform(low, high, n)
        values[random.random(n) > chance] = neutral
        return torch.from_numpy(values.astype(np.float32))[:, None, None, None]

    film = pick(-0.0025, 0.0025, 0.4, 0) * ab[:, :1] + pick(-0.003, 0.0005, 0.4, 0) * ab[:, 1:]
    seen = (lightness + film).clamp(0, 1)
    seen = seen ** torch.exp(pick(-0.4, 0.4, 0.5, 0))
    black, white = pick(0, 0.25, 0.3, 0), pick(0.75, 1, 0.3, 1)
    seen = black + (white - black) * seen
    side = seen.shape[-1]
    y, x = torch.meshgrid(torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij")
    seen = seen * (1 - pick(0, 0.3, 0.15, 0) * (x * x + y * y) / 2)
    soft = F.avg_pool2d(F.pad(seen, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    seen = seen + pick(0, 1, 0.25, 0) * (soft - seen)
    grain = torch.from_numpy(random.standard_normal(seen.shape, np.float32))
    return (seen + pick(0, 0.06, 0.25, 0) * grain).clamp(0, 1)


def random_hints(ab: Tensor, random: Random, chance: float) -> Tensor:
    """Reveal the true chroma of a few cells, or of short strokes, in some of the photos."""
    n, _, height, width = ab.shape
    weight = torch.zeros(n, 1, height, width)
    for i in np.flatnonzero(random.random(n) < chance):
        for _ in range(random.geometric(0.25)):
            y, x = random.integers(height), random.integers(width)
            h, w = (1, 1) if random.random() < 0.6 else random.integers(1, 4, 2)
            weight[i, 0, y : y + h, x : x + w] = 1
    return torch.cat([ab * weight, weight], dim=1)


def random_batch(
    photos: Sequence[Lab8],
    indices: np.ndarray,
    side: int,
    random: Random,
    *,
    smallest: float,
    hint_chance: float,
    histogram_chance: float,
) -> Batch:
    """Make one batch from the photos at `indices`."""
    crops = np.stack([random_crop(photos[i], side, random, smallest) for i in indices])
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
    full = pixels[:, 1:] - 128
    ab = F.avg_pool2d(full, GRID_STRIDE)
    lightness = aged(pixels[:, :1] / 255, full, random)
    histogram = histogram_of(ab)
    histogram[torch.from_numpy(random.random(len(indices)) > histogram_chance)] = 0
    scaled = ab / AB_SCALE
    return Batch(lightness * 2 - 1, random_hints(scaled, random, hint_chance), histogram, scaled)


def plain_batch(photos: Sequence[Lab8], short: int) -> list[Batch]:
    """Return whole photos, unchanged and without help, for validation; one per batch."""
    batches = []
    for photo in photos:
        height, width, _ = photo.shape
        scale = short / min(height, width)
        size = [max(1, round(side * scale / 16)) * 16 for side in (width, height)]
        resized = Image.fromarray(photo).resize((size[0], size[1]), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(resized)).permute(2, 0, 1)[None].float()
        ab = F.avg_pool2d(pixels[:, 1:] - 128, GRID_STRIDE) / AB_SCALE
        hints = torch.zeros(1, 3, *ab.shape[-2:])
        batches.append(Batch(pixels[:, :1] / 127.5 - 1, hints, torch.zeros(1, HISTOGRAM_SIZE), ab))
    return batches
