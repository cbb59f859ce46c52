"""Diffusion as EDM formulates it: preconditioning, a noise schedule, a deterministic solver.

Sources: Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models",
arXiv:2206.00364 (sections 3 and 5, table 1); Lu et al., "DPM-Solver++", arXiv:2211.01095
(algorithm 2, the second-order multistep solver).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Denoise = Callable[[Tensor, Tensor], Tensor]
"""(x of shape (N, C, H, W), sigma of shape (N,)) -> the expected clean picture, like x."""


@dataclass(frozen=True)
class Precondition:
    """The four factors that keep a network's input and target at unit variance (table 1)."""

    skip: Tensor  #: c_skip, of the noisy picture in the result
    out: Tensor  #: c_out, of the network's output in the result
    scale: Tensor  #: c_in, of the network's input
    noise: Tensor  #: c_noise, the network's code of the noise level

    @classmethod
    def at(cls, sigma: Tensor, sigma_data: float) -> Precondition:
        """Return the factors for noise levels `sigma`, of any shape."""
        total = sigma.square() + sigma_data**2
        return cls(
            skip=sigma_data**2 / total,
            out=sigma * sigma_data / total.sqrt(),
            scale=total.rsqrt(),
            noise=sigma.log() / 4,
        )


def loss_weight(sigma: Tensor, sigma_data: float) -> Tensor:
    """Return the weight that makes every noise level's loss about 1 at the start (table 1)."""
    return (sigma.square() + sigma_data**2) / (sigma * sigma_data).square()


def noise_levels(
    steps: int, *, highest: float = 320.0, lowest: float = 0.05, rho: float = 7.0
) -> Tensor:
    """Return the levels a solver visits, from `highest` to `lowest` (equation 5).

    Args:
        steps: At least 1.
        highest: So far above the data's deviation that even the tone of a whole picture, to
            which every cell adds, drowns in it; lower, samples differ too little.
        lowest: Where a single step may finish.
        rho: How much of the steps go to low levels; the paper's choice is 7.

    Returns:
        (steps + 1,), float64, strictly falling; the last is 0.

    Raises:
        ValueError: Unless steps >= 1 and 0 < lowest < highest.
    """
    if not (steps >= 1 and 0 < lowest < highest):
        raise ValueError(f"no schedule of {steps} steps from {highest} to {lowest}")
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    levels = (highest ** (1 / rho) + ramp * (lowest ** (1 / rho) - highest ** (1 / rho))) ** rho
    return torch.cat([levels, torch.zeros(1, dtype=torch.float64)])


def solve(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Tensor:
    """Follow the probability flow from noise to a sample (DPM-Solver++, algorithm 2).

    The last step, to level 0, is first order: it returns the denoiser's answer itself.

    Args:
        denoise: Returns the expected clean picture.
        x: (N, C, H, W), noise of deviation `sigmas[0]`.
        sigmas: (steps + 1,), strictly falling to 0.
    """
    previous: Tensor | None = None
    previous_h = 0.0
    for current, following in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        clean = denoise(x, torch.full((len(x),), current, dtype=x.dtype, device=x.device))
        if following == 0:
            return clean
        h = math.log(current / following)
        estimate = clean
        if previous is not None:
            estimate = clean + (clean - previous) * (h / (2 * previous_h))
        x = (following / current) * x + (1 - following / current) * estimate
        previous, previous_h = clean, h
    return x
