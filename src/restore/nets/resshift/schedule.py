"""How ResShift moves from a clean picture to its degraded twin, and one step back.

Symbols are the papers': z_0 is clean, z_y degraded, e_0 = z_y - z_0 what lies between; step t, from
0 to T - 1, has shifted by the share eta_t of e_0 and added noise of variance kappa^2 eta_t. Whether
z is a latent or a picture is all the same here.

Sources: Yue et al., arXiv:2307.12348, sections 2.1 (the chain) and 2.2 (eta); arXiv:2403.07319.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Posterior:
    """q(z_{t-1} | z_t, z_0): normal, its mean a mixture of both."""

    of_z_t: float
    of_z_0: float
    variance: float


@dataclass(frozen=True)
class Schedule:
    """The schedule of a model; everything else here follows from it.

    Raises:
        ValueError: For numbers that make no schedule.
    """

    steps: int  #: T, at least 2
    least_noise: float  #: deviation of the noise after the first step, where kappa is at least 1
    kappa: float = 2.0  #: deviation of the noise where the shift is complete
    power: float = 0.3  #: below 1, eta rises early
    last: float = 0.99  #: sqrt(eta) of the last step

    def __post_init__(self) -> None:
        if self.steps < 2 or self.kappa <= 0 or self.power <= 0:
            raise ValueError(f"no schedule: {self}")
        if not 0 < self._first < self.last <= 1:
            raise ValueError(f"no schedule from {self._first} to {self.last}: {self}")

    @property
    def _first(self) -> float:
        return min(self.least_noise / self.kappa, self.least_noise)

    @cached_property
    def sqrt_eta(self) -> tuple[float, ...]:
        """The square root of each step's shift: geometric in (t / (T - 1))^power."""
        ratio = self.last / self._first
        ramp = ((t / (self.steps - 1)) ** self.power for t in range(self.steps))
        return tuple(self._first * ratio**p for p in ramp)

    @cached_property
    def eta(self) -> tuple[float, ...]:
        """The share of e_0 that each step has shifted by."""
        return tuple(root**2 for root in self.sqrt_eta)

    def posterior(self, t: int) -> Posterior:
        """Return the step back from t; at t = 0 it is z_0 itself, without noise."""
        eta, before = self.eta[t], self.eta[t - 1] if t else 0.0
        alpha = eta - before
        return Posterior(before / eta, alpha / eta, self.kappa**2 * before / eta * alpha)

    def divisor(self, t: int) -> float:
        """Return what z_t is divided by for the network: its deviation where z_0 has 1."""
        return (self.kappa**2 * self.eta[t] + 1) ** 0.5

    def forward(self, z_0: Tensor, z_y: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """Draw z_t from q(z_t | z_0, z_y).

        Args:
            z_0: (N, C, H, W).
            z_y: Like z_0.
            t: (N,), int64, from 0 to T - 1.
            noise: Standard normal, like z_0.
        """
        shift = _at(self.eta, t, z_0)
        return z_0 + shift * (z_y - z_0) + self.kappa * _at(self.sqrt_eta, t, z_0) * noise

    def prior(self, z_y: Tensor, noise: Tensor) -> Tensor:
        """Draw z_T, where the way back begins: all but the last percent is z_y and noise."""
        return z_y + self.kappa * self.sqrt_eta[-1] * noise

    def scaled(self, z_t: Tensor, t: Tensor) -> Tensor:
        """Return z_t, (N, C, H, W), as the network is shown it at steps t, (N,)."""
        return z_t / _at([self.divisor(step) for step in range(self.steps)], t, z_t)


def _at(values: Sequence[float], t: Tensor, like: Tensor) -> Tensor:
    """Pick a number per picture: (N, 1, 1, 1)."""
    return torch.tensor(values, dtype=like.dtype, device=like.device)[t].view(-1, 1, 1, 1)
