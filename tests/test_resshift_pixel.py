"""The small network on pixels: its sizes, its inputs, its configuration."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import tiny
import torch
from torch import Tensor, nn

from restore.nets.resshift.pixel import MULTIPLE, STEPS, PixelConfig, PixelNet, SteppedBlock
from restore.nets.resshift.schedule import Schedule

LARGEST = 7_000_000  #: parameters that may ship


def lively(seed: int = 0) -> PixelNet:
    """Build a network in which no layer is silent."""
    torch.manual_seed(seed)
    net = PixelNet(tiny.PIXELS).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.1)
    return net


def given(count: int = 2, height: int = 32, width: int = 48) -> tuple[Tensor, ...]:
    """Draw a state, a degraded picture, a mask and steps."""
    generator = torch.Generator().manual_seed(0)
    state, degraded = torch.rand(2, count, 3, height, width, generator=generator)
    mask = (torch.rand(count, 1, height, width, generator=generator) < 0.2).float()
    return state, degraded, mask, torch.arange(count) % STEPS


@pytest.mark.parametrize("size", [(16, 16), (48, 16), (80, 112)])
def test_multiples_of_sixteen_come_back_as_large(size: tuple[int, int]) -> None:
    assert MULTIPLE == 16
    with torch.inference_mode():
        answer = lively()(*given(3, *size))
    assert answer.shape == (3, 3, *size)
    assert answer.isfinite().all()


@pytest.mark.parametrize("size", [(24, 32), (32, 40), (17, 32)])
def test_other_sizes_are_no_quiet_mistake(size: tuple[int, int]) -> None:
    with pytest.raises(RuntimeError):
        lively()(*given(1, *size))


@pytest.mark.parametrize("which", range(4), ids=["state", "degraded", "mask", "step"])
def test_everything_that_it_is_shown_counts_for_its_own_picture(which: int) -> None:
    net, shown = lively(), given()
    other = [part.clone() for part in shown]
    other[which][0] = 1 - other[which][0]
    with torch.inference_mode():
        before, after = net(*shown), net(*other)
    assert not torch.allclose(before[0], after[0], atol=1e-3)
    torch.testing.assert_close(before[1], after[1])


def test_each_step_has_an_answer_of_its_own() -> None:
    state, degraded, mask, _ = given(1)
    with torch.inference_mode():
        answers = [lively()(state, degraded, mask, torch.tensor([k])) for k in range(STEPS)]
    for k in range(1, STEPS):
        assert not torch.allclose(answers[0], answers[k], atol=1e-3)


def test_it_answers_with_what_to_take_from_the_degraded_picture() -> None:
    net, (state, degraded, mask, step) = lively(), given()
    for parameter in net.tail.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(net(state, degraded, mask, step), degraded)


def test_a_new_block_is_nothing_but_a_shortcut() -> None:
    x = torch.rand(2, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(SteppedBlock(8)(x, torch.tensor([0, 3])), x)


def test_what_is_given_stays_as_it_was() -> None:
    shown = given()
    before = [part.clone() for part in shown]
    lively()(*shown)
    assert all(torch.equal(one, two) for one, two in zip(shown, before, strict=True))


def test_gradients_reach_every_parameter() -> None:
    net = lively()
    net(*given(STEPS)).square().mean().backward()  # type: ignore[no-untyped-call]
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if not name.endswith("bias"):
            assert parameter.grad.any(), name


def test_the_network_that_ships_is_small_enough() -> None:
    with torch.device("meta"):
        net = PixelNet(PixelConfig())
    assert sum(parameter.numel() for parameter in net.parameters()) <= LARGEST


def test_a_configuration_survives_its_file() -> None:
    for config in (PixelConfig(), PixelConfig((8, 12, 16, 20), 1, 0.5, 0.2)):
        assert PixelConfig.of(json.loads(json.dumps(asdict(config)))) == config
    assert PixelConfig.of({}) == PixelConfig()


@pytest.mark.parametrize("table", [{"model": "x"}, {"widths": 8}, {"widths": [8, 8, 8, 8], "a": 1}])
def test_the_configuration_of_another_network_is_an_error_of_type(table: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        PixelConfig.of(table)


def test_its_chain_has_the_configured_noise() -> None:
    config = PixelConfig(kappa=0.5, least_noise=0.2)
    assert config.schedule == Schedule(4, 0.2, 0.5)
    assert config.schedule.sqrt_eta[0] == pytest.approx(0.2)
    assert config.schedule.kappa * config.schedule.sqrt_eta[-1] == pytest.approx(0.495)
