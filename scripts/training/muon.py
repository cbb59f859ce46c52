"""Muon: momentum whose update is made orthogonal, for the matrices inside a network.

Sources: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with
its quintic Newton-Schulz iteration; the scale that makes its step as long as AdamW's is from
Liu et al., arXiv:2502.16982, section 2.2. PyTorch's own `torch.optim.Muon` takes 2-D
parameters alone; here a convolution's kernel is a matrix of (outputs, inputs x height x width).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def orthogonalized(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Return about U V^T of the singular value decomposition U S V^T of an (m, n) matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    # A CPU has no bfloat16 of its own: there the products would take ten times as long.
    x = matrix.bfloat16() if matrix.is_cuda else matrix.float()
    if matrix.shape[0] > matrix.shape[1]:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if matrix.shape[0] > matrix.shape[1] else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalized, with decoupled weight decay."""

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(state["momentum"], group["momentum"])
                update = orthogonalized(ahead.flatten(1)).view(parameter.shape)
                length = 0.2 * max(parameter.shape[0], parameter[0].numel()) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * length)
