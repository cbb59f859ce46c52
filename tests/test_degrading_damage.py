"""What happens to paper: the shapes of holes, how many, how large, and where."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pictures import random
from torch.nn import functional as F

from degrading import damage as module
from degrading.damage import KINDS, Mask, corner, cracks, damage, dust, scratches, tear

SIDE = 96
Drawing = Callable[[int, np.random.Generator], Mask]


def drawn(kind: Drawing, count: int = 100) -> Iterator[Mask]:
    return (kind(SIDE, random(seed)) for seed in range(count))


def parts(mask: Mask) -> Iterator[Mask]:
    """Yield what hangs together, corners counting."""
    lost = torch.from_numpy(mask.copy())[None].double()
    labels = torch.arange(1, mask.size + 1, dtype=torch.float64).view(lost.shape) * lost
    while True:
        grown = F.max_pool2d(labels, 3, stride=1, padding=1) * lost
        if torch.equal(grown, labels):
            break
        labels = grown
    for label in labels.unique()[1:]:
        yield (labels[0] == label).numpy()


def width(mask: Mask) -> int:
    """Return the side of the largest square that fits into what is lost."""
    left, side = torch.from_numpy(mask.copy())[None].float(), 0
    while left.any():
        side += 1
        left = 1 - F.max_pool2d(1 - torch.from_numpy(mask.copy())[None].float(), side + 1, 1)
    return side


def extent(mask: Mask) -> int:
    rows, columns = np.nonzero(mask)
    return int(max(np.ptp(rows), np.ptp(columns))) + 1


@pytest.mark.parametrize("kind", [*KINDS, damage])
def test_a_seed_is_a_mask_and_most_seeds_are_another(kind: Drawing) -> None:
    first, again, other = (kind(SIDE, random(seed)) for seed in (1, 1, 2))
    assert first.shape == (SIDE, SIDE)
    assert first.dtype == np.bool_
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [32, 256])
def test_every_kind_mostly_takes_something_and_never_much(kind: Drawing, side: int) -> None:
    shares = [kind(side, random(seed)).mean() for seed in range(40)]
    assert np.mean(np.array(shares) > 0) > 0.9
    assert max(shares) < 0.6
    assert np.mean(shares) < 0.25


def test_a_pixel_is_lost_if_half_of_it_is() -> None:
    def half(pixels: float) -> Mask:
        return module._drawn(8, lambda pen: pen.rectangle((0, 0, 4 * pixels - 1, 15), fill=255))

    assert half(2.5)[:4, :3].all()
    assert half(2.5).sum() == 12
    assert half(2.25).sum() == 8


def test_scratches_are_long_and_narrow() -> None:
    masks = list(drawn(scratches))
    widths = [width(mask) for mask in masks]
    assert np.mean(np.array(widths) <= 7) > 0.9  # wider where some cross
    assert min(widths) <= 1
    assert max(widths) >= 4
    lengths = [extent(mask) for mask in masks if mask.any()]
    assert np.median(lengths) > 0.4 * SIDE


def test_dust_is_a_few_specks_of_all_sizes_mostly_small() -> None:
    specks = [list(parts(mask)) for mask in drawn(dust)]
    assert max(len(found) for found in specks) <= 8
    assert len({len(found) for found in specks}) > 4
    sizes = [extent(speck) for found in specks for speck in found if len(found) < 4]
    assert max(sizes) <= 27
    assert max(sizes) > 12
    assert np.median(sizes) < 8


def test_cracks_are_fine_and_hang_together() -> None:
    masks = [mask for mask in drawn(cracks) if mask.sum() > 50]
    assert len(masks) > 60
    assert np.median([width(mask) for mask in masks]) <= 3
    most = [max(part.sum() for part in parts(mask)) / mask.sum() for mask in masks]
    assert np.median(most) > 0.9


def test_a_tear_comes_from_a_border_and_narrows() -> None:
    begins = np.zeros(4)
    profiles = []
    for mask in drawn(tear):
        turned = [np.rot90(mask, k) for k in range(4)]
        first = int(np.argmax([view[0].sum() for view in turned]))
        assert turned[first][0].any()
        begins[first] += 1
        profiles.append(turned[first].sum(1))
    assert (begins > 12).all()  # of 100: any of the four borders
    profile = np.mean(profiles, 0)
    assert profile[:5].mean() > 1.5 * profile[20:30].mean() > 0
    assert profile[-5:].mean() < 1


def test_a_corner_is_the_one_that_is_missing() -> None:
    begins = np.zeros(4)
    for mask in drawn(corner):
        lost = np.array([np.rot90(mask, k)[0, 0] for k in range(4)])
        assert lost.sum() == 1
        begins += lost
        assert 0.001 < mask.mean() < 0.12
        (row, column) = (int(mask.any(1).sum()), int(mask.any(0).sum()))
        assert max(row, column) < 0.5 * SIDE
    assert (begins > 12).all()


def fakes(monkeypatch: pytest.MonkeyPatch, masks: list[NDArray[np.bool_]]) -> list[str]:
    """Let kinds of the same chances give these masks in turn; return the list of those drawn."""
    names: list[str] = []
    turn = itertools.cycle(masks)

    def fake(name: str) -> Drawing:
        def draw(side: int, random: np.random.Generator) -> Mask:
            names.append(name)
            return next(turn)

        return draw

    chances = {fake(kind.__name__): chance for kind, chance in KINDS.items()}
    monkeypatch.setattr(module, "KINDS", chances)
    return names


def test_kinds_come_as_often_as_they_should_one_or_two_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = fakes(monkeypatch, [np.eye(SIDE, dtype=bool)])
    draws = random()
    each = []
    for _ in range(1000):
        before = len(names)
        damage(SIDE, draws)
        each.append(len(names) - before)
    assert set(each) == {1, 2}
    assert np.mean(each) == pytest.approx(1.5, abs=0.05)
    for kind, chance in KINDS.items():
        assert names.count(kind.__name__) / len(names) == pytest.approx(chance, abs=0.04)
    assert sum(KINDS.values()) == pytest.approx(1)


def test_damage_is_never_nothing_and_never_half(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing, much, some = np.zeros((8, 8), bool), np.tri(8, dtype=bool), np.eye(8, dtype=bool)
    fakes(monkeypatch, [nothing, much, nothing, some])
    for seed in range(50):
        assert np.array_equal(damage(8, random(seed)), some)


@pytest.mark.parametrize("side", [16, 128])
def test_real_damage_is_never_nothing_and_never_half(side: int) -> None:
    shares = [damage(side, random(seed)).mean() for seed in range(60)]
    assert min(shares) > 0
    assert max(shares) < 0.5
