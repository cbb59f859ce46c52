"""What photographs have been through, drawn at random: the denoiser's training pairs.

Every picture of a batch goes one of six ways. *Plain* is white Gaussian noise, for the
published tables. *Sensor* is a camera that hides nothing: shot and read noise in linear light,
mosaic, demosaic, tone curve, JPEG. *Camera* is one that smooths, colour more than brightness, and
leaves what is too coarse to be smoothed. *Film* is grain that a scanner sees. *Worn* is what years
of copying leave: blotches of colour, resampling, compression. *Untouched* is nothing at all, so
that nothing is what the network learns to do to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .camera import bilinear, malvar, photographed
from .chroma import chroma_noise
from .codecs import jpeg, webp
from .gaussian import gaussian
from .grain import film_grain
from .luma import luma_of
from .quantizing import quantized
from .resampling import resampled

Random = np.random.Generator

LEVEL = 1 / 255  #: one 8-bit level
REACH = 6  #: pixels that the widest blur reaches


def _uniform(low: float, high: float, n: int, random: Random) -> Tensor:
    return torch.from_numpy(random.uniform(low, high, n).astype(np.float32))


def _log_uniform(low: float, high: float, n: int, random: Random) -> Tensor:
    return _uniform(np.log(low), np.log(high), n, random).exp()


def _where(chance: float, changed: Tensor, kept: Tensor, random: Random) -> Tensor:
    """Take each picture of `changed` with a chance, else that of `kept`."""
    chosen = torch.from_numpy(random.random(len(kept)) < chance)
    return torch.where(chosen[:, None, None, None], changed, kept)


def _compressed(picture: Tensor, random: Random) -> Tensor:
    """Save as JPEG, in one case of six as WebP, at the qualities that people use."""
    quality = [int(q) for q in random.integers(60, 99, len(picture))]
    if random.random() < 1 / 6:
        return webp(picture, quality)
    return jpeg(picture, quality, "4:2:0" if random.random() < 0.7 else "4:4:4")


def smoothed(noise: Tensor, size: Tensor) -> Tensor:
    """Blur noise by Gaussians of `size` pixels (N,), as a camera's own denoiser does."""
    reach = torch.arange(-REACH, REACH + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (reach / size[:, None]) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    n, channels = noise.shape[:2]
    flat = F.pad(noise.flatten(0, 1)[None], (REACH,) * 4, mode="reflect")
    each = kernel.repeat_interleave(channels, 0)
    flat = F.conv2d(flat, each[:, None, :, None], groups=n * channels)
    flat = F.conv2d(flat, each[:, None, None, :], groups=n * channels)
    return flat.view(noise.shape)


def faded(picture: Tensor, contrast: Tensor) -> Tensor:
    """Leave each picture a share (N,) of its contrast, around its mean: scenes have little."""
    mean = picture.mean((1, 2, 3), keepdim=True)
    return mean + contrast[:, None, None, None] * (picture - mean)


def plain(clean: Tensor, random: Random) -> Tensor:
    """Add white Gaussian noise of 0 to 75 levels, mostly up to 55."""
    n = len(clean)
    sigma = torch.where(
        torch.from_numpy(random.random(n) < 0.85),
        _uniform(0, 55, n, random),
        _uniform(55, 75, n, random),
    )
    return quantized(gaussian(clean, sigma * LEVEL, random))


def _exposed(clean: Tensor, random: Random, dark: float = 0) -> Tensor:
    """Photograph it: from a bright day to a night that needs the highest sensitivity.

    A share `dark` of the pictures is certainly not taken by day.
    """
    n = len(clean)
    gain = _log_uniform(0.0001, 0.016, n, random)
    if dark:
        late = torch.from_numpy(random.random(n) < dark)
        gain = torch.where(late, _log_uniform(0.001, 0.016, n, random), gain)
    read = gain.sqrt() * _log_uniform(0.02, 0.12, n, random)
    balance = torch.stack(
        [_uniform(1, 2.4, n, random), torch.ones(n), _uniform(1, 2.2, n, random)], dim=1
    )
    balance[torch.from_numpy(random.random(n) < 0.4)] = 1
    contrast = _uniform(0, 1, n, random)
    contrast[torch.from_numpy(random.random(n) < 0.5)] = 0
    demosaic = malvar if random.random() < 0.7 else bilinear
    return photographed(
        clean, gain, read, random, balance=balance, demosaic=demosaic, contrast=contrast
    )


def sensor(clean: Tensor, random: Random) -> Tensor:
    """Photograph it with a camera that leaves the noise as it is, half the time in the dark."""
    noisy = _exposed(clean, random, dark=0.5)
    return _where(0.8, _compressed(noisy, random), quantized(noisy), random)


def processed(clean: Tensor, random: Random) -> Tensor:
    """Photograph it with a camera that fights the noise itself."""
    noisy = clean + _calmed(_exposed(clean, random) - clean, random)
    noisy = _where(0.7, noisy + _blotches(noisy - clean, random), noisy, random).clamp(0, 1)
    return _where(0.8, _compressed(noisy, random), quantized(noisy), random)


def _calmed(noise: Tensor, random: Random) -> Tensor:
    """Smooth noise as a camera does: its colour as much as its brightness, or more.

    Smoothing alone would leave next to nothing of it; a camera that smooths so much had more.
    """
    n = len(noise)
    size = _log_uniform(0.35, 2.5, n, random)
    more = size + _uniform(0, 1.5, n, random)
    luma = luma_of(noise)
    gain = (1 + size)[:, None, None, None]
    return gain * (smoothed(luma, size) + smoothed(noise - luma, more))


def _blotches(noise: Tensor, random: Random) -> Tensor:
    """Return what a camera's denoiser leaves of noise where it is too coarse to be smoothed.

    White noise at a quarter of the size, blurred, as strong as up to 0.7 of the noise around it.
    """
    n, _, height, width = noise.shape
    small = (n, 3, -(-height // 4), -(-width // 4))
    cells = torch.from_numpy(random.standard_normal(small, np.float32))
    shared = torch.from_numpy(random.standard_normal((n, 1, *small[2:]), np.float32))
    cells = cells + shared  # partly colour, partly brightness
    blurred = smoothed(cells, _uniform(0.35, 1.5, n, random))
    blurred = blurred / blurred.std((1, 2, 3), keepdim=True).clamp_min(1e-6)
    coarse = F.interpolate(blurred, size=(height, width), mode="bilinear")
    around = F.avg_pool2d(noise.square().mean(1, keepdim=True), 8, ceil_mode=True).sqrt()
    level = F.interpolate(around, size=(height, width), mode="bilinear")
    return coarse * level * _uniform(0, 0.7, n, random)[:, None, None, None]


def film(clean: Tensor, random: Random) -> Tensor:
    """Add grain, and what scanning and storing add to it."""
    n = len(clean)
    grain = film_grain(
        clean, _uniform(1, 18, n, random) * LEVEL, _uniform(0.4, 1.3, n, random), random
    )
    noisy = gaussian(grain, _uniform(0, 6, n, random) * LEVEL, random).clamp(0, 1)
    return _where(0.5, _compressed(noisy, random), quantized(noisy), random)


def worn(clean: Tensor, random: Random) -> Tensor:
    """Blotch, resample and compress it."""
    n = len(clean)
    noisy = gaussian(clean, _uniform(0, 20, n, random) * LEVEL, random)
    blotched = chroma_noise(
        noisy, _uniform(1, 12, n, random) * LEVEL, _uniform(0.7, 3, n, random), random
    )
    noisy = _where(0.7, blotched, noisy, random).clamp(0, 1)
    shrunk = clean + resampled(noisy - clean, float(random.uniform(0.5, 0.95)), "bicubic")
    noisy = _where(0.4, shrunk, noisy, random).clamp(0, 1)
    return _where(0.8, _compressed(noisy, random), quantized(noisy), random)


def untouched(clean: Tensor, random: Random) -> Tensor:
    """Return it as it is."""
    return clean


WAYS: dict[str, Callable[[Tensor, Random], Tensor]] = {
    "plain": plain,
    "sensor": sensor,
    "camera": processed,
    "film": film,
    "worn": worn,
    "untouched": untouched,
}
"""What may have happened to a picture."""


@dataclass(frozen=True)
class Softness:
    """How soft a way's pictures are made: photographs at their full size mostly are."""

    chance: float = 0.4  #: of a picture
    widest: float = 1.4  #: pixels that the blur measures at most
    least_contrast: float = 1  #: kept: detail at full size is faint beside a small picture's


SOFTNESS = {
    "plain": Softness(chance=0),
    "sensor": Softness(chance=0.2),
    "camera": Softness(0.85, 2.0, 0.4),
}
"""Of the ways that differ. Published noisy pictures, which are *plain*, are sharp."""


def degraded(
    clean: Tensor, random: Random, shares: Mapping[str, float], grey: float = 0.12
) -> tuple[Tensor, Tensor]:
    """Return training pairs: (clean, noisy), each (N, 3, H, W) in [0, 1].

    Args:
        clean: (N, 3, H, W), even sides.
        random: Draws everything.
        shares: Of the pictures, that go each of the `WAYS`; they sum to 1.
        grey: Share of pictures that lose their colour, in which noise has none either.
    """
    names = list(WAYS)
    chosen = random.choice(len(names), len(clean), p=[shares[name] for name in names])
    is_grey = torch.from_numpy(random.random(len(clean)) < grey)[:, None, None, None]
    clean = torch.where(is_grey, luma_of(clean), clean)
    softness = np.array([astuple(SOFTNESS.get(name, Softness())) for name in names])
    chance, widest, least = torch.from_numpy(softness[chosen].T).float()
    is_soft = _uniform(0, 1, len(clean), random) < chance
    size = 0.4 + _uniform(0, 1, len(clean), random) * (widest - 0.4)
    contrast = least + _uniform(0, 1, len(clean), random) * (1 - least)
    soft = faded(smoothed(clean, size), contrast).clamp(0, 1)
    clean = torch.where(is_soft[:, None, None, None], soft, clean)
    noisy = torch.empty_like(clean)
    for index, way in enumerate(WAYS.values()):
        members = torch.from_numpy(np.flatnonzero(chosen == index))
        if len(members):
            noisy[members] = way(clean[members], random)
    return clean, torch.where(is_grey, noisy[:, 1:2], noisy)
