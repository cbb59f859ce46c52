from __future__ import annotations

import pytest
import torch
from torch import Tensor

from restore.nets import edm

SIGMA_DATA = 0.85


def gaussian_denoiser(x: Tensor, sigma: Tensor) -> Tensor:
    """The exact denoiser of data N(0.3, 0.5^2)."""
    sigma = sigma.view(-1, 1, 1, 1)
    return (0.25 * x + 0.3 * sigma**2) / (0.25 + sigma**2)


def test_levels_fall_from_highest_to_zero() -> None:
    levels = edm.noise_levels(7, highest=10, lowest=0.1)
    assert levels[0] == pytest.approx(10)
    assert levels[-2] == pytest.approx(0.1)
    assert levels[-1] == 0
    assert (levels.diff() < 0).all()


@pytest.mark.parametrize("steps", [0, -1])
def test_no_schedule_without_steps(steps: int) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        edm.noise_levels(steps)


def test_preconditioning_keeps_unit_variance() -> None:
    sigma = torch.tensor([0.01, 0.5, 3.0, 40.0])
    at = edm.Precondition.at(sigma, SIGMA_DATA)
    torch.testing.assert_close(at.scale**2 * (sigma**2 + SIGMA_DATA**2), torch.ones(4))
    # The target of the raw output, (clean - skip * noisy) / out, has unit variance too.
    variance = (1 - at.skip) ** 2 * SIGMA_DATA**2 + at.skip**2 * sigma**2
    torch.testing.assert_close(variance / at.out**2, torch.ones(4))
    torch.testing.assert_close(edm.loss_weight(sigma, SIGMA_DATA), at.out**-2)


def test_more_steps_come_closer_to_the_exact_flow() -> None:
    noise = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)).double()

    def solved(steps: int) -> Tensor:
        levels = edm.noise_levels(steps, highest=20, lowest=0.002)
        return edm.solve(gaussian_denoiser, 20 * noise, levels)

    # The flow of a Gaussian is known: it scales what differs from the mean.
    exact = 0.3 + (20 * noise - 0.3) * 0.5 / (0.25 + 20.0**2) ** 0.5
    errors = [float((solved(steps) - exact).abs().max()) for steps in (10, 20, 40, 160)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("steps", [1, 2, 5, 8])
def test_solver_equals_diffusers(steps: int) -> None:
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.EDMDPMSolverMultistepScheduler(
        sigma_min=0.05, sigma_max=320.0, sigma_data=SIGMA_DATA, solver_order=2, rho=7.0,
        final_sigmas_type="zero", lower_order_final=False, euler_at_final=True,
    )  # fmt: skip
    scheduler.set_timesteps(steps)
    levels = edm.noise_levels(steps)
    torch.testing.assert_close(scheduler.sigmas, levels.float(), rtol=1e-5, atol=1e-6)
    noise = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    theirs = noise * scheduler.sigmas[0]
    for sigma, timestep in zip(scheduler.sigmas[:-1], scheduler.timesteps, strict=True):
        clean = gaussian_denoiser(theirs, sigma.expand(2))
        at = edm.Precondition.at(sigma, SIGMA_DATA)
        raw = (clean - at.skip * theirs) / at.out
        theirs = scheduler.step(raw, timestep, theirs).prev_sample
    ours = edm.solve(gaussian_denoiser, noise * float(levels[0]), levels)
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
