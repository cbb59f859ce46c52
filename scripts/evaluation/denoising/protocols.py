"""The noise that is added to clean photographs: from 8-bit pictures to 8-bit pictures.

Every function takes the seed of its noise. The protocols for Gaussian and for sensor noise were
fixed before anything was trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from degrading import camera, codecs, impulses, periodic
from degrading import grain as film
from restore.routes import Route

from ..metrics import Picture
from ..planes import picture_of, planes_of

GAUSSIAN_SIGMAS = (15, 25, 50)
JPEG_QUALITY = 90
LEVEL = 1 / 255  #: one 8-bit level


@dataclass(frozen=True)
class SensorLevel:
    """How a sensor of a simulated camera is set; see `degrading.sensor`."""

    name: str
    gain: float  #: of shot noise, 1 is full scale
    read: float  #: deviation of read noise, likewise


SENSOR_LEVELS = (
    SensorLevel("low", 0.0005, 0.002),
    SensorLevel("middle", 0.002, 0.004),
    SensorLevel("high", 0.008, 0.008),
)


def with_gaussian(clean: Picture, sigma: float, seed: int) -> Picture:
    """Add white Gaussian noise of `sigma` levels: `round(clip(clean + sigma * n))`."""
    return (clean + sigma * _normal(clean, seed)).clip(0, 255).round().astype(np.uint8)


def clipped_sigma(clean: Picture, sigma: float, seed: int) -> float:
    """Return the deviation, in levels, that clipping and rounding leave of Gaussian noise."""
    return float((with_gaussian(clean, sigma, seed).astype(np.float64) - clean).std())


def even(picture: Picture) -> Picture:
    """Cut a last odd row and column off, as a mosaic has none."""
    height, width = picture.shape[:2]
    return picture[: height // 2 * 2, : width // 2 * 2]


def with_sensor(clean: Picture, level: SensorLevel, seed: int) -> Picture:
    """Photograph a picture of even sides with an RGGB sensor, demosaic it, save it as a JPEG."""
    random = np.random.default_rng(seed)
    photo = camera.photographed(planes_of(clean), level.gain, level.read, random)
    return picture_of(codecs.jpeg(photo, [JPEG_QUALITY], "4:2:0"))


def with_grain(clean: Picture, sigma: float, size: float, seed: int) -> Picture:
    """Add film grain: `sigma` levels in mid-tones, `size` in pixels."""
    random = np.random.default_rng(seed)
    return picture_of(film.film_grain(planes_of(clean), sigma * LEVEL, size, random))


def with_salt_and_pepper(clean: Picture, share: float, seed: int) -> Picture:
    """Make a share of the pixels black or white."""
    random = np.random.default_rng(seed)
    return picture_of(impulses.salt_and_pepper(planes_of(clean), share, random))


def with_pattern(clean: Picture, name: str, amplitude: float, period: float, seed: int) -> Picture:
    """Add "banding", "halftone" or "moire": peak in levels, period in pixels, any angle."""
    patterns = {
        "banding": periodic.banding,
        "halftone": periodic.halftone,
        "moire": periodic.moire,
    }
    random = np.random.default_rng(seed)
    angle = float(random.uniform(0, 180))
    return picture_of(patterns[name](planes_of(clean), amplitude * LEVEL, period, angle, random))


@dataclass(frozen=True)
class Kind:
    """A kind of noise that the detector must tell from the others."""

    name: str  #: as the detector names it
    route: Route  #: that is right for it
    added: Callable[[Picture, int], Picture]  #: (clean, seed), of a strength that varies with it


_SIGMAS = (10, 25, 50)
_GRAINS = ((6, 0.6), (10, 0.9), (16, 1.2))  # levels, pixels
_SHARES = (0.01, 0.05, 0.15)
_PATTERNS = (("banding", 6, 11), ("halftone", 10, 5), ("moire", 14, 8))  # levels, pixels

KINDS = (
    Kind("clean", Route.NONE, lambda clean, seed: clean),
    Kind(
        "gaussian",
        Route.NETWORK,
        lambda clean, seed: with_gaussian(clean, _SIGMAS[seed % 3], seed),
    ),
    Kind(
        "sensor",
        Route.NETWORK,
        lambda clean, seed: with_sensor(even(clean), SENSOR_LEVELS[seed % 3], seed),
    ),
    Kind("grain", Route.NETWORK, lambda clean, seed: with_grain(clean, *_GRAINS[seed % 3], seed)),
    Kind(
        "salt-pepper",
        Route.MEDIAN,
        lambda clean, seed: with_salt_and_pepper(clean, _SHARES[seed % 3], seed),
    ),
    Kind(
        "periodic",
        Route.NOTCH,
        lambda clean, seed: with_pattern(clean, *_PATTERNS[seed % 3], seed),
    ),
)


def _normal(picture: Picture, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(picture.shape)
