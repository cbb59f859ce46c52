"""The curve with which a camera steepens mid-tones, and its inverse."""

from __future__ import annotations

import torch
from torch import Tensor

_STEEPNESS = 3  # contrast 1: mid-tones 1.66 times, black and white 0.3 times as steep
_LEAST = 1e-3  # steepness this small is a straight line to float precision


def _steepness(contrast: Tensor) -> Tensor:
    return (_STEEPNESS * contrast).clamp_min(_LEAST)


def steepened(picture: Tensor, contrast: Tensor) -> Tensor:
    """Apply an S-curve around 0.5 that leaves 0, 0.5 and 1 in place.

    It is the hyperbolic tangent, scaled: smooth, with a slope everywhere, so that no value is
    lost, and the logistic curve of what image editors call sigmoidal contrast.

    Args:
        picture: Values in [0, 1].
        contrast: Broadcasts with the picture; 0 changes nothing, 1 is a contrasty camera.
    """
    k = _steepness(contrast)
    return 0.5 + torch.tanh((picture - 0.5) * k) / (2 * torch.tanh(k / 2))


def flattened(picture: Tensor, contrast: Tensor) -> Tensor:
    """Undo `steepened`."""
    k = _steepness(contrast)
    return 0.5 + torch.atanh((picture - 0.5) * (2 * torch.tanh(k / 2))) / k
