"""What the training of the finder is measured by, on prints that were kept apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tiny
import torch
from pictures import detailed
from tars import photos
from torch import Tensor, nn

import train_damage
from degrading.prints import Prints, prints
from restore.nets.damage import DamageNet
from training import damage_finding
from training.damage_finding import EACH, found_of, kept_apart
from training.damage_recipe import DamageRecipe

CPU = torch.device("cpu")
NET = tiny.DAMAGE
RECIPE = DamageRecipe(
    minutes=6, seed=1, learning_rate=5e-3, weight_decay=0.002, averaging=4, side=32, batch=4,
    detailed=0.6, validation_every=4, net=NET,
)  # fmt: skip
FIGURES = {"loss", "found", "right", "false"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage_finding, "SIDE", 32)


def batch(count: int = 6, seed: int = 0) -> Prints:
    grey = detailed(count, 32).mean(1, keepdim=True)
    return prints(grey, np.random.default_rng(seed))


def begun(recipe: DamageRecipe = RECIPE) -> train_damage.DamageRun:
    return train_damage.DamageRun(recipe, CPU, kept_apart(photos(2)))


class Seeing(DamageNet):
    """Answers as it is told to."""

    def __init__(self, answer: Callable[[Tensor], Tensor]) -> None:
        nn.Module.__init__(self)
        self.config, self.answer = NET, answer

    def forward(self, picture: Tensor) -> Tensor:
        return self.answer(picture)


def knowing(held: Prints, told: Tensor) -> Seeing:
    """See what is told, (N, 1, H, W) of 0 and 1, in the print that it is shown; certainly."""

    def answer(picture: Tensor) -> Tensor:
        (index,) = [k for k, scan in enumerate(held.scan) if torch.equal(scan, picture[0])]
        return 40 * told[index : index + 1] - 20

    return Seeing(answer)


def test_the_prints_kept_apart_are_the_same_every_time() -> None:
    held, again = kept_apart(photos(3)), kept_apart(photos(3))
    assert held.scan.shape == (3 * EACH, 1, 32, 32)
    for name in ("scan", "damaged", "counts"):
        assert torch.equal(getattr(held, name), getattr(again, name))
    assert len(torch.unique(held.scan, dim=0)) == 3 * EACH
    damaged = held.damaged.amax((1, 2, 3))
    assert 0 < float(damaged.mean()) < 1  # some of them bear no marks


def test_who_knows_the_truth_finds_all_and_imagines_nothing() -> None:
    held = kept_apart(photos(4))
    found = found_of(knowing(held, held.damaged), held, CPU)
    assert found == {"loss": pytest.approx(0, abs=1e-6), "found": 1, "right": 1, "false": 0}


def test_who_sees_nothing_finds_nothing_and_imagines_nothing() -> None:
    held = kept_apart(photos(4))
    found = found_of(knowing(held, torch.zeros_like(held.damaged)), held, CPU)
    assert found.keys() == FIGURES
    assert (found["found"], found["right"], found["false"]) == (0, 0, 0)
    assert found["loss"] > 0.1


def test_who_sees_damage_everywhere_finds_all_and_is_wrong() -> None:
    held = kept_apart(photos(4))
    found = found_of(knowing(held, torch.ones_like(held.damaged)), held, CPU)
    assert (found["found"], found["false"]) == (1, 1)
    assert 0 < found["right"] < 0.7
    assert found["loss"] > 10


def three() -> Prints:
    """Two prints with a line of damage each, one of them with pixels beside; and a clean one."""
    damaged, counts = torch.zeros(3, 1, 8, 8), torch.ones(3, 1, 8, 8)
    damaged[:2, :, 2] = 1
    counts[1, :, 6, :4] = 0
    return Prints(torch.arange(3.0)[:, None, None, None].expand(3, 1, 8, 8) / 4, damaged, counts)


def test_shares_are_of_pixels() -> None:
    held = three()
    told = torch.zeros(3, 1, 8, 8)
    told[0, :, 2, :6] = 1  # six of sixteen
    told[0, :, 5, :2] = 1  # wrong
    told[1, :, 6, :4] = 1  # not wrong: these do not count
    told[2, :, 0, 0] = 1  # one of sixty-four
    found = found_of(knowing(held, told), held, CPU)
    assert found["found"] == pytest.approx(6 / 16)
    assert found["right"] == pytest.approx(10 / 12)
    assert found["false"] == pytest.approx(1 / 64)
    wrong = 10 + 2 + 1
    assert found["loss"] == pytest.approx(20 * wrong / (3 * 64 - 4))


def test_a_pixel_beside_a_mark_or_one_that_does_not_count_is_not_wrong() -> None:
    held = three()
    for rows, columns, right in (
        (slice(1, 4), slice(8), 1.0),
        (slice(0, 5), slice(8), 3 / 5),
        (slice(6, 7), slice(4), 0.5),  # of the two prints one is uncertain there
    ):
        told = torch.zeros(3, 1, 8, 8)
        told[:2, :, rows, columns] = 1
        assert found_of(knowing(held, told), held, CPU)["right"] == pytest.approx(right)


def test_what_is_likelier_than_not_is_taken_for_damage() -> None:
    held = three()
    for logit, expected in ((0.01, 1), (-0.01, 0)):
        net = Seeing(lambda picture, logit=logit: torch.full_like(picture, logit))
        found = found_of(net, held, CPU)
        assert (found["found"], found["false"]) == (expected, expected)


def test_measuring_takes_no_gradients_and_is_of_the_averaged_weights() -> None:
    run = begun()
    run.advance(batch())
    run.part.begin(0)
    one = run.measure()
    assert one.keys() == FIGURES
    for parameter in run.net.parameters():
        nn.init.normal_(parameter)
    assert run.measure() == one
    assert all(parameter.grad is None for parameter in run.net.parameters())
    for value in run.averaged.values.values():
        value.zero_()
    run.averaged.values["tail.bias"].fill_(9)  # sees damage everywhere
    assert run.measure()["false"] == 1
