"""The schedule, the chain and the sampler, of any network."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from restore.nets.resshift.published import FIFTEEN_STEPS, FOUR_STEPS
from restore.nets.resshift.sampler import sample, trajectory
from restore.nets.resshift.schedule import Schedule

SMALL_NOISE = Schedule(steps=4, least_noise=0.1, kappa=0.5)


def formula(steps: int, least_noise: float, kappa: float, power: float, last: float) -> Tensor:
    """The reference's own way to write sqrt(eta)."""
    first = min(least_noise / kappa, least_noise)
    increase = (last / first) ** (1 / (steps - 1))
    t = torch.arange(steps, dtype=torch.float64)
    return first * increase ** ((steps - 1) * (t / (steps - 1)) ** power)


def assert_close_to(ours: object, theirs: object, tolerance: float) -> None:
    ours, theirs = (torch.as_tensor(x, dtype=torch.float64) for x in (ours, theirs))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("schedule", [FOUR_STEPS, FIFTEEN_STEPS, SMALL_NOISE])
def test_the_schedule_is_the_formula(schedule: Schedule) -> None:
    numbers = (schedule.least_noise, schedule.kappa, schedule.power, schedule.last)
    assert_close_to(schedule.sqrt_eta, formula(schedule.steps, *numbers), 1e-12)
    assert_close_to(schedule.eta, torch.tensor(schedule.sqrt_eta, dtype=torch.float64) ** 2, 1e-15)


def test_the_published_schedules() -> None:
    assert_close_to(FOUR_STEPS.sqrt_eta, [0.1, 0.5200963722082474, 0.761381990619204, 0.99], 1e-12)
    assert_close_to(FOUR_STEPS.eta, [0.01, 0.27050023638418, 0.57970253563926, 0.9801], 1e-12)
    fifteen = [
        *(0.02, 0.117165, 0.176305, 0.233629, 0.291574, 0.351009, 0.412356, 0.475858),
        *(0.541672, 0.609910, 0.680658, 0.753985, 0.829951, 0.908606, 0.99),
    ]
    assert_close_to(FIFTEEN_STEPS.sqrt_eta, fifteen, 5.1e-7)


def test_the_published_posterior_and_scaling() -> None:
    steps = [FOUR_STEPS.posterior(t) for t in range(4)]
    assert_close_to(
        [p.of_z_t for p in steps], [0, 0.0369685444, 0.4666190326, 0.5914728453], 5.1e-11
    )
    assert_close_to(
        [p.of_z_0 for p in steps], [1, 0.9630314556, 0.5333809674, 0.4085271547], 5.1e-11
    )
    assert_close_to(
        [p.variance for p in steps], [0, 0.0385212582, 0.5771187110, 0.9472969099], 5.1e-11
    )
    divisors = [1.0198039, 1.4429140, 1.8217602, 2.2181975]
    assert_close_to([FOUR_STEPS.divisor(t) for t in range(4)], divisors, 5.1e-8)


@pytest.mark.parametrize("schedule", [FOUR_STEPS, FIFTEEN_STEPS, SMALL_NOISE])
def test_a_step_back_from_the_forward_process_is_the_forward_process(schedule: Schedule) -> None:
    # Over z_t of q(z_t | z_0, z_y), q(z_{t-1} | z_t, z_0) must average to q(z_{t-1} | z_0, z_y).
    kappa2 = schedule.kappa**2
    for t, (before, eta) in enumerate(pairwise(schedule.eta), start=1):
        back = schedule.posterior(t)
        assert back.of_z_t + back.of_z_0 == pytest.approx(1)
        assert back.of_z_t * eta == pytest.approx(before)
        assert back.of_z_t**2 * kappa2 * eta + back.variance == pytest.approx(kappa2 * before)


@pytest.mark.parametrize("schedule", [FOUR_STEPS, SMALL_NOISE])
def test_the_forward_process_has_the_mean_and_noise_of_its_step(schedule: Schedule) -> None:
    z_0, z_y, noise = torch.rand(3, 4, 2, 5, 3, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0, 3, 1, 3])
    z_t = schedule.forward(z_0, z_y, t, noise)
    for k, step in enumerate(t.tolist()):
        mean = z_0[k] + schedule.eta[step] * (z_y[k] - z_0[k])
        deviation = schedule.kappa * schedule.sqrt_eta[step]
        torch.testing.assert_close(z_t[k], mean + deviation * noise[k])
        shown = schedule.scaled(z_t, t)[k]
        torch.testing.assert_close(shown, z_t[k] / (deviation**2 + 1) ** 0.5)


@pytest.mark.parametrize(
    "numbers", [(1, 0.2), (4, 0.0), (4, 0.2, 0.0), (4, 0.2, 2.0, 0.0), (4, 2.5), (4, 0.2, 2, 1, 2)]
)
def test_no_schedule_of_such_numbers(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="no schedule"):
        Schedule(*numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", [FOUR_STEPS, FIFTEEN_STEPS, SMALL_NOISE])
def test_the_sampler_shows_each_step_and_ends_in_the_networks_last_word(schedule: Schedule) -> None:
    z_y = torch.zeros(2, 3, 4, 4)
    seen: list[list[int]] = []
    drawn: list[int] = []

    def predict(z: Tensor, t: Tensor) -> Tensor:
        seen.append(t.tolist())
        return torch.full_like(z, float(t[0]))

    def noise(draw: int) -> Tensor:
        drawn.append(draw)
        return torch.ones_like(z_y)

    result = sample(predict, z_y, schedule, noise)
    assert seen == [[t, t] for t in reversed(range(schedule.steps))]
    assert drawn == list(range(schedule.steps))
    assert torch.equal(result, torch.zeros_like(z_y))


def test_with_the_true_picture_known_samples_follow_the_chain_back() -> None:
    # A network that knows z_0 = 0: z_{t-1} is then distributed as the forward process says.
    generator = torch.Generator().manual_seed(0)
    z_y = torch.ones(1, 1, 400, 400)
    states = trajectory(
        lambda z, t: torch.zeros_like(z),
        z_y,
        SMALL_NOISE,
        lambda draw: torch.randn(z_y.shape, generator=generator),
    )
    for t, z in zip((2, 1, 0), states, strict=False):
        # z_T has all of z_y instead of eta_{T-1}; a share of the small difference comes along.
        extra = SMALL_NOISE.eta[t] / SMALL_NOISE.eta[-1]
        assert float(z.mean()) == pytest.approx(extra, abs=0.005)
        deviation = SMALL_NOISE.kappa * SMALL_NOISE.sqrt_eta[t]
        assert float(z.std()) == pytest.approx(deviation, rel=0.01)


def test_the_sampler_leaves_the_global_generator_alone() -> None:
    z_y = torch.zeros(1, 1, 2, 2)
    before = torch.get_rng_state()
    sample(lambda z, t: z, z_y, FOUR_STEPS, lambda draw: z_y)
    assert torch.equal(torch.get_rng_state(), before)
