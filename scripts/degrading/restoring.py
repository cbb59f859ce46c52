"""Training pairs for a restorer: damage that is everywhere, holes, pictures made small, or none.

*Everywhere* is a chain of the kind of Wang et al. 2021, "Real-ESRGAN", arXiv:2107.10833, section
3: blur, resizing, noise, JPEG, and often all of that again. *Holes* is a picture with parts
missing. *Enlarged* is a picture made two or four times smaller, and as large as before by cubic
interpolation. *Slight* is a picture as good as it was, or nearly: who never saw one takes every
photo for a damaged one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .chain import smoothed
from .codecs import jpeg, webp
from .damage import damage
from .gaussian import white
from .luma import luma_of

Random = np.random.Generator
KINDS = ("everywhere", "holes", "enlarged", "slight")
"""What may have happened to a picture."""


@dataclass(frozen=True)
class Pairs:
    """A batch of what was and what is left."""

    clean: Tensor  #: (N, 3, H, W) in [0, 1]
    degraded: Tensor  #: likewise, black in holes; an enlarged one may overshoot
    mask: Tensor  #: (N, 1, H, W), 1 in holes


def _uniform(low: float, high: float, n: int, random: Random) -> Tensor:
    return torch.from_numpy(random.uniform(low, high, n).astype(np.float32))


def _noisy(picture: Tensor, random: Random) -> Tensor:
    """Add noise of up to 30 levels at mid-grey, partly stronger in light, sometimes colourless."""
    n = len(picture)
    level = _uniform(0, 30 / 255, n, random)[:, None, None, None]
    share = _uniform(0, 1, n, random)[:, None, None, None]
    deviation = level * ((1 - share) + share * 2 * picture.clamp(0, 1)).sqrt()
    noise = white(picture.shape, random)
    if random.random() < 0.25:
        noise = luma_of(noise) / luma_of(noise).std()
    return picture + noise * deviation


def _saved(picture: Tensor, random: Random, least: int = 30) -> Tensor:
    quality = [int(q) for q in random.integers(least, 96, len(picture))]
    if random.random() < 1 / 6:
        return webp(picture, quality)
    return jpeg(picture, quality, "4:2:0" if random.random() < 0.7 else "4:4:4")


def _resized(picture: Tensor, height: int, width: int, random: Random) -> Tensor:
    kernel = str(random.choice(["bilinear", "bicubic", "area"]))
    if kernel == "area":
        return F.interpolate(picture, size=(height, width), mode="area")
    return F.interpolate(picture, size=(height, width), mode=kernel, antialias=True)


def _once(picture: Tensor, least: float, random: Random) -> Tensor:
    """Blur, shrink to a share of at least `least`, enlarge, add noise, compress; some of it."""
    height, width = picture.shape[-2:]
    if random.random() < 0.8:
        size = _uniform(0.4, 1.9, len(picture), random)
        picture = smoothed(picture, size)
    smaller = random.random() < 0.7
    large_again = random.random() < 0.6  # before noise and compression, else after them
    if smaller:
        share = random.uniform(least, 1)
        picture = _resized(picture, round(height * share), round(width * share), random)
        if large_again:
            picture = _resized(picture, height, width, random)
    if random.random() < 0.9:
        picture = _noisy(picture, random)
    if random.random() < 0.85:
        picture = _saved(picture, random)
    if picture.shape[-2:] != (height, width):
        picture = _resized(picture, height, width, random)
    return picture


def everywhere(clean: Tensor, random: Random) -> Tensor:
    """Blur, resize, add noise and compress a picture, in one case of three twice."""
    once = _once(clean, 0.5, random)
    return (_once(once, 0.7, random) if random.random() < 1 / 3 else once).clamp(0, 1)


def slight(clean: Tensor, random: Random) -> Tensor:
    """Compress a picture a little, half of the time; else return it as it is."""
    return _saved(clean, random, least=75) if random.random() < 0.5 else clean


def enlarged(clean: Tensor, random: Random) -> Tensor:
    """Make a picture two or four times smaller, round it, and enlarge it by a cubic.

    What a person has was mostly compressed too, or a little noisy: in two cases of five. Nothing
    is clipped after enlarging, as the backend clips nothing before its network.
    """
    height, width = clean.shape[-2:]
    factor = int(random.choice([2, 4]))
    size = (height // factor, width // factor)
    small = F.interpolate(clean, size=size, mode="bicubic", antialias=True).clamp(0, 1)
    if random.random() < 0.4:
        if random.random() < 0.5:
            small = small + white(small.shape, random) * random.uniform(0, 6 / 255)
        small = jpeg(small, [int(q) for q in random.integers(70, 99, len(small))], "4:4:4")
    small = (small * 255).round().clamp(0, 255) / 255
    return F.interpolate(small, size=(height, width), mode="bicubic")


def holed(clean: Tensor, random: Random) -> tuple[Tensor, Tensor]:
    """Return a picture and the mask of its holes.

    In three cases of ten it has noise: what fills a hole shall look like what is around it.
    """
    masks = np.stack([damage(clean.shape[-1], random) for _ in clean])[:, None]
    if random.random() < 0.3:
        clean = (clean + white(clean.shape, random) * random.uniform(0, 10 / 255)).clamp(0, 1)
    return clean, torch.from_numpy(masks.astype(np.float32))


def damaged(clean: Tensor, random: Random, shares: Mapping[str, float]) -> Pairs:
    """Return training pairs.

    Args:
        clean: (N, 3, H, W) in [0, 1], square, sides multiples of 4.
        random: Draws everything.
        shares: Of the pictures, by names of `KINDS`; they sum to 1.
    """
    chosen = random.choice(len(KINDS), len(clean), p=[shares.get(kind, 0) for kind in KINDS])
    grey = torch.from_numpy(random.random(len(clean)) < 0.15)[:, None, None, None]
    clean = torch.where(grey, luma_of(clean), clean)
    left, mask = torch.empty_like(clean), torch.zeros_like(clean[:, :1])
    for index in range(len(clean)):
        one = slice(index, index + 1)
        if chosen[index] == 0:
            left[one] = everywhere(clean[one], random)
        elif chosen[index] == 1:
            clean[one], mask[one] = holed(clean[one], random)
            left[one] = clean[one] * (1 - mask[one])
        elif chosen[index] == 2:
            left[one] = enlarged(clean[one], random)
        else:
            left[one] = slight(clean[one], random)
    return Pairs(
        torch.where(grey, clean[:, 1:2], clean), torch.where(grey, left[:, 1:2], left), mask
    )
