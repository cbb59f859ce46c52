"""The few steps from a degraded picture back to a clean one.

Source: Yue et al., arXiv:2307.12348, section 2.1; the network predicts z_0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .schedule import Schedule

Predict = Callable[[Tensor, Tensor], Tensor]
"""(z_t as `Schedule.scaled` shows it, (N, C, H, W); t, int64 (N,)) -> z_0, like z_t"""

Draw = Callable[[int], Tensor]
"""index of the draw -> standard normal noise, like z_y; 0 is the prior's (see `trajectory`)"""


def trajectory(predict: Predict, z_y: Tensor, schedule: Schedule, noise: Draw) -> Iterator[Tensor]:
    """Yield z_{T-1}, ..., z_0, each drawn from the posterior of the one before.

    Draw 0 is the prior's; draw k, from 1 to T - 1, that of the step back from t = T - k. The last
    step, from t = 0, has no noise and draws none. (The reference draws T + 1 times in this order
    and multiplies the last by zero.)

    Args:
        predict: The network.
        z_y: (N, C, H, W), the degraded picture or its latent.
        schedule: Of the network's training.
        noise: The only source of randomness.
    """
    z = schedule.prior(z_y, noise(0))
    for t in reversed(range(schedule.steps)):
        step = torch.full((len(z),), t, device=z.device)
        z_0 = predict(z / schedule.divisor(t), step)
        back = schedule.posterior(t)
        z = back.of_z_t * z + back.of_z_0 * z_0
        if t:
            z = z + back.variance**0.5 * noise(schedule.steps - t)
        yield z


def sample(predict: Predict, z_y: Tensor, schedule: Schedule, noise: Draw) -> Tensor:
    """Return the end of a `trajectory`: z_0, like z_y."""
    return deque(trajectory(predict, z_y, schedule, noise), maxlen=1).pop()
