"""A person's own mask, from a picture file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import files, photo
from ..errors import InputError
from ..job import MaskFile
from ..resample import strips


def mask_content(path: Path) -> bytes:
    """Return a mask's file.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        return photo.content(path)
    except InputError as error:
        raise _named(path, error) from error


def read_mask(path: Path, data: bytes, max_pixels: int) -> MaskFile:
    """Read a mask: grey or in colours, whose mean counts; what is transparent is black.

    Args:
        path: Names it.
        data: The file.
        max_pixels: More are refused before they are decoded.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        drawn = photo.read(data, max_pixels=max_pixels)
    except InputError as error:
        raise _named(path, error) from error
    height, width = drawn.pixels.shape[:2]
    values, coloured = np.empty((height, width), np.uint8), False
    for top, bottom in strips(height, width):
        alpha = None if drawn.alpha is None else drawn.alpha[top:bottom]
        values[top:bottom] = _values(drawn.pixels[top:bottom], alpha)
        coloured = coloured or _is_coloured(drawn.pixels[top:bottom], alpha)
    return MaskFile(path.name, files.sha256_of(data), values, coloured)


def _values(pixels: photo.Pixels, alpha: photo.Pixels | None) -> NDArray[np.uint8]:
    """Return how white pixels are, 0 to 255; rounded down, as thresholds ask for."""
    full = np.iinfo(pixels.dtype).max
    white = pixels.sum(axis=2, dtype=np.float64) / pixels.shape[2]
    if alpha is not None:
        white *= alpha / full
    return (white * 255 / full + 1e-6).astype(np.uint8)


def _is_coloured(pixels: photo.Pixels, alpha: photo.Pixels | None) -> bool:
    """Say whether a pixel that can be seen has a channel far brighter than another."""
    half = np.iinfo(pixels.dtype).max // 2
    far = pixels.max(axis=2) - pixels.min(axis=2) > half
    return bool((far if alpha is None else far & (alpha > half)).any())


def _named(path: Path, error: InputError) -> InputError:
    return InputError(f"mask {path.name}: {error}", hint=error.hint)
