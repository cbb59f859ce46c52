"""Saving as a lossy file and opening it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import imagecodecs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rgb8 = NDArray[np.uint8]
"""(H, W, 3), sRGB."""


def _saved(
    picture: Tensor, quality: Sequence[int], saved_and_opened: Callable[[Rgb8, int], Rgb8]
) -> Tensor:
    """Take each picture through a file of its own quality."""
    pixels = (picture.clamp(0, 1) * 255).round_().to(torch.uint8)
    files = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    opened = [saved_and_opened(file, q) for file, q in zip(files, quality, strict=True)]
    return torch.from_numpy(np.stack(opened)).permute(0, 3, 1, 2).contiguous().float() / 255


def jpeg(picture: Tensor, quality: Sequence[int], subsampling: str = "4:2:0") -> Tensor:
    """Save each picture as an 8-bit baseline JPEG and open it again.

    Args:
        picture: (N, 3, H, W), sRGB; clipped to [0, 1].
        quality: N numbers from 1 to 100, as libjpeg scales its tables by them.
        subsampling: Of chroma: "4:4:4", "4:2:2" or "4:2:0".

    Raises:
        ValueError: If there are not N qualities, or for another subsampling.

    Source: ITU-T T.81; libjpeg-turbo encodes and decodes.
    """
    if subsampling not in ("4:4:4", "4:2:2", "4:2:0"):
        raise ValueError(f"no subsampling {subsampling!r}")
    ratio = subsampling.replace(":", "")

    def saved_and_opened(file: Rgb8, level: int) -> Rgb8:
        data = imagecodecs.jpeg8_encode(file, level=level, subsampling=ratio)
        return imagecodecs.jpeg8_decode(data)

    return _saved(picture, quality, saved_and_opened)


def webp(picture: Tensor, quality: Sequence[int]) -> Tensor:
    """Save each picture as a lossy WebP, whose chroma is always 4:2:0, and open it again.

    Args:
        picture: (N, 3, H, W), sRGB; clipped to [0, 1].
        quality: N numbers from 0 to 100.

    Raises:
        ValueError: If there are not N qualities.

    Source: RFC 9649; libwebp encodes and decodes.
    """

    def saved_and_opened(file: Rgb8, level: int) -> Rgb8:
        return imagecodecs.webp_decode(imagecodecs.webp_encode(file, level=level, lossless=False))

    return _saved(picture, quality, saved_and_opened)
