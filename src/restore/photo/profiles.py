"""ICC profiles: which colour space a matrix profile stands for, and conversion of all others.

Sources: ICC.1:2022, annexes E and F (matrix and grey profiles); LittleCMS does the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import imagecodecs
import numpy as np
import torch
from numpy.typing import NDArray

from ..color import SRGB, RgbSpace, from_linear
from .photo import Pixels

Floats = NDArray[np.float64]

_WHITE = np.array([0.9642, 1.0, 0.8249])  # D50, the white of all profiles (ICC.1, 7.2.16)
_SAMPLES = 255 * 16 + 1  # of a curve: every 8-bit level is one of them
_MODEL = 5e-4  # how far, of white, a matrix and curves may be from what LittleCMS says
_SAME = 1e-3  # how far, of an encoded value, two spaces may differ that are the same to us
_SPACES = {1: (b"GRAY", b"RGB "), 3: (b"RGB ",), 4: (b"CMYK",)}
_NAMES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}


def fits(profile: bytes, channels: int) -> bool:
    """Say whether a profile can be read and is one for pixels of so many channels."""
    if profile[16:20] not in _SPACES[channels]:
        return False
    inks = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}[profile[16:20]]
    try:
        _light(profile, np.zeros((1, inks)))
    except (RuntimeError, ValueError):  # LittleCMS cannot use it
        return False
    return True


@lru_cache(maxsize=32)
def space_of(profile: bytes) -> RgbSpace | None:
    """Return what an RGB profile's numbers mean, if a matrix and three curves can say it.

    Each channel's ramp alone gives its curve and its column of the matrix.

    Returns:
        `SRGB` itself for the ordinary sRGB profiles; None for a table-based profile.
    """
    ramp = np.linspace(0, 1, _SAMPLES)
    curves = np.empty((3, _SAMPLES))
    matrix = np.empty((3, 3))
    for channel in range(3):
        alone = np.zeros((_SAMPLES, 3))
        alone[:, channel] = ramp
        light = _light(profile, alone)
        column = light[-1]
        if not column.any():
            return None
        matrix[:, channel] = column
        curves[channel] = light @ column / (column @ column)
    colours = np.random.default_rng(0).integers(0, _SAMPLES, (256, 3))
    modelled = np.stack([curves[i][colours[:, i]] for i in range(3)], axis=1) @ matrix.T
    rising = bool((np.diff(curves, axis=1) > -1e-6).all())
    if not rising or np.abs(modelled - _light(profile, ramp[colours])).max() > _MODEL:
        return None
    matrix /= matrix.sum(axis=1, keepdims=True)
    curves = curves.clip(0, 1)
    same_matrix = np.abs(matrix - _srgb_matrix()).max() < _SAME
    if same_matrix and np.abs(_encoded(curves) - ramp).max() < _SAME:
        return SRGB
    return RgbSpace(torch.from_numpy(matrix), torch.from_numpy(curves))


@lru_cache(maxsize=1)
def _srgb_matrix() -> Floats:
    """Return the matrix of LittleCMS's own sRGB, whose white is moved to D50."""
    matrix = _light(srgb_profile(), np.eye(3)).T
    normal: Floats = matrix / matrix.sum(axis=1, keepdims=True)
    return normal


def _light(profile: bytes, values: Floats) -> Floats:
    """Return XYZ / white, (N, 3), of values (N, inks) in [0, 1]."""
    name = _NAMES[profile[16:20]]
    shaped = values[:, None, :] if values.shape[1] > 1 else values
    xyz = imagecodecs.cms_transform(
        shaped,
        profile,
        imagecodecs.cms_profile("xyz"),
        colorspace=name,
        outcolorspace="xyz",
        outdtype="float64",
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=imagecodecs.CMS.FLAGS.NOOPTIMIZE,
    )
    light: Floats = xyz.reshape(-1, 3) / _WHITE
    return light


def _encoded(light: Floats) -> Floats:
    """Encode light as sRGB."""
    encoded: Floats = from_linear(torch.from_numpy(light)).numpy()
    return encoded


def grey_table(profile: bytes, dtype: np.dtype[Any]) -> Pixels | None:
    """Return the sRGB level of every grey level; None if none would change by over half a level.

    Returns:
        (256,) uint8 or (65536,) uint16.
    """
    highest = np.iinfo(dtype).max
    inks = 1 if profile[16:20] == b"GRAY" else 3
    ramp = np.linspace(0, 1, highest + 1)
    values = _encoded(_light(profile, np.repeat(ramp[:, None], inks, axis=1))[:, 1].clip(0, 1))
    if np.abs(values - ramp).max() < _SAME:
        return None
    return np.rint(values * highest).astype(dtype)


def to_srgb(samples: Pixels, profile: bytes) -> Pixels:
    """Convert (H, W, 3 or 4) RGB or CMYK by its profile to sRGB of the same type."""
    flags = imagecodecs.CMS.FLAGS
    converted: Pixels = imagecodecs.cms_transform(
        samples,
        profile,
        srgb_profile(),
        colorspace=_NAMES[profile[16:20]],
        outcolorspace="rgb",
        intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=flags.BLACKPOINTCOMPENSATION | flags.HIGHRESPRECALC,
    )
    return converted


def mixed(samples: Pixels) -> Pixels:
    """Convert (H, W, 4) CMYK without a profile: each ink takes its share of the light."""
    highest = np.iinfo(samples.dtype).max
    light = np.empty((*samples.shape[:2], 3), samples.dtype)
    for row, out in zip(samples, light, strict=True):
        paper = (highest - row).astype(np.uint64)
        out[:] = (paper[:, :3] * paper[:, 3:] + highest // 2) // highest
    return light


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB, always the same bytes."""
    profile = bytearray(imagecodecs.cms_profile("srgb"))
    profile[24:36] = bytes.fromhex("07ea00010001000000000000")  # LittleCMS writes the clock here
    return bytes(profile)
