"""What a restorer gains on photographs kept apart: which, where, over what."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tiny
import torch
from pictures import detailed
from tars import photos
from torch import Tensor, nn

from degrading.restoring import Pairs
from restore.nets.resshift.pixel import PixelNet
from restore.nets.resshift.prefill import prefilled
from training import restoring_gain
from training.restoring_gain import ANSWERS, KINDS, decibels, gains, kept_apart, places

CPU = torch.device("cpu")
PERFECT_DB = 54.15  #: what `PERFECT` is
NAMES = {f"{kind}_{what}" for kind in KINDS for what in ANSWERS}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoring_gain, "SIDE", 48)


class Answering(PixelNet):
    """Answers as it is told to."""

    def __init__(self, answer: Callable[[Tensor, Tensor], Tensor]) -> None:
        nn.Module.__init__(self)
        self.config, self.answer = tiny.PIXELS, answer

    def forward(self, state: Tensor, degraded: Tensor, mask: Tensor, step: Tensor) -> Tensor:
        return self.answer(state, degraded)


def test_the_kinds_take_turns_and_are_the_same_every_time() -> None:
    held, again = kept_apart(photos(7)), kept_apart(photos(7))
    assert held.clean.shape == held.degraded.shape == (7, 3, 48, 48)
    assert torch.equal(held.degraded, again.degraded)
    with_holes = held.mask.amax((1, 2, 3)) > 0
    assert with_holes.tolist() == [k % 3 == KINDS.index("holes") for k in range(7)]
    assert ((held.clean - held.degraded).abs().amax((1, 2, 3)) > 0.01).all()


def test_too_few_photographs_to_measure_every_kind_are_an_error() -> None:
    with pytest.raises(ValueError, match="3 photographs"):
        kept_apart(photos(2))


def test_a_network_may_change_holes_or_else_everything() -> None:
    mask = torch.zeros(3, 1, 4, 4)
    mask[1, :, 2, 3] = 1
    mask[2] = 1
    expected = mask.clone()
    expected[0] = 1
    assert torch.equal(places(mask), expected)


def test_decibels_are_of_the_places_that_count() -> None:
    clean = detailed(3, 16)
    counts = torch.zeros(3, 1, 16, 16)
    counts[..., :4] = 1
    wrong = clean + 0.5
    wrong[0, :, :, :4] = clean[0, :, :, :4] + 0.1
    wrong[1, :, :, :4] = clean[1, :, :, :4] + 0.01
    wrong[2, :, :, :4] = clean[2, :, :, :4]
    assert decibels(wrong, clean, counts).tolist() == pytest.approx([20, 39.83, 54.15], abs=0.03)


def test_what_changes_nothing_gains_nothing() -> None:
    """Not even where enlarging overshot, though answers are clipped."""
    sharp = [np.where(photo > 120, 255, 0).astype(np.uint8) for photo in photos(6)]
    held = kept_apart(sharp)
    assert held.degraded[2::3].max() > 1.01
    assert held.degraded[2::3].min() < -0.01
    found = gains(Answering(lambda state, degraded: degraded), held, CPU)
    assert found.keys() == NAMES
    assert list(found.values()) == pytest.approx([0] * len(NAMES), abs=1e-3)


def test_what_knows_the_truth_gains_all_there_is() -> None:
    held = kept_apart(photos(3))
    left = prefilled(held.degraded, held.mask)

    def truth(state: Tensor, degraded: Tensor) -> Tensor:
        (index,) = [k for k in range(3) if torch.equal(left[k], degraded[0])]
        return held.clean[index : index + 1]

    found = gains(Answering(truth), held, CPU)
    before = decibels(left.clamp(0, 1), held.clean, places(held.mask))
    for k, kind in enumerate(KINDS):
        for what in ANSWERS:
            gained = found[f"{kind}_{what}"]
            assert gained == pytest.approx(PERFECT_DB - float(before[k]), abs=0.01)
            assert gained > 3


def test_gains_are_means_over_the_pictures_of_a_kind() -> None:
    held = kept_apart(photos(6))

    def every_third(start: int) -> Pairs:
        chosen = [start, start + 1, start + 2]
        return Pairs(held.clean[chosen], held.degraded[chosen], held.mask[chosen])

    net = Answering(lambda state, degraded: 0.9 * degraded + 0.05)
    one, two, both = (gains(net, pairs, CPU) for pairs in (every_third(0), every_third(3), held))
    for name in NAMES:
        assert both[name] == pytest.approx((one[name] + two[name]) / 2, abs=1e-3)


def test_samples_differ_and_their_mean_is_better_than_one() -> None:
    """The noise of the chain comes through a network that answers with its state."""
    held = kept_apart([np.full((60, 80, 3), 128, np.uint8)] * 3)
    found = gains(Answering(lambda state, degraded: state), held, CPU)
    for kind in KINDS:
        assert found[f"{kind}_mean"] > found[f"{kind}_sample"]
    assert found["holes_mean"] > found["holes_sample"] + 1


def test_measuring_is_repeatable_and_takes_no_gradients() -> None:
    torch.manual_seed(0)
    net = PixelNet(tiny.PIXELS).eval()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.05)
    held = kept_apart(photos(3))
    assert gains(net, held, CPU) == gains(net, held, CPU)
    assert all(parameter.grad is None for parameter in net.parameters())
