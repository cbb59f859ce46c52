"""From likelihoods to a mask."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from restore.masks import Damage, damage_of, grown, together
from restore.masks.damage import EDGE

USUAL = 0.01


def likely_of(
    *stretches: tuple[int, int, int], size: tuple[int, int] = (21, 60), damaged: bool = True
) -> np.ndarray:
    """Draw a line along row 10, (from, to, likelihood), on a photo with or without other damage."""
    likely = np.zeros(size, np.uint8)
    if damaged:
        likely[-2:] = 255
    for start, stop, value in stretches:
        likely[10, start:stop] = value
    return likely


def columns_of(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask[10]).tolist()


def test_what_is_likely_is_found_with_its_soft_edge() -> None:
    likely = likely_of((20, 30, 200))
    found = damage_of(likely, 128, USUAL)
    assert np.array_equal(found.mask, grown((likely > 0).view(np.uint8), EDGE).view(bool))
    assert found.sure == pytest.approx((10 * 200 + 120 * 255) / 130 / 255, abs=0.01)


def test_what_is_less_likely_is_left() -> None:
    likely = likely_of((5, 15, 127), (20, 30, 128), (40, 50, 129))
    assert columns_of(damage_of(likely, 128, USUAL).mask) == [*range(19, 31), *range(39, 51)]


def test_nothing_is_surely_nothing() -> None:
    nothing = damage_of(np.full((20, 30), 3, np.uint8), 128, USUAL)
    assert not nothing.mask.any()
    assert nothing.sure == 1


def test_where_little_is_damaged_what_looks_like_it_mostly_is_none() -> None:
    stretch, size = (20, 30, 170), (210, 600)  # under a hundredth of a hundredth of the pixels
    assert damage_of(likely_of(stretch, size=size), 128, USUAL).mask[10, 25]
    alone = damage_of(likely_of(stretch, size=size, damaged=False), 128, USUAL)
    assert not alone.mask.any()
    # The same share is much, where damage was rarer still.
    assert damage_of(likely_of(stretch, size=size, damaged=False), 128, 1e-5).mask[10, 25]


def test_a_scratch_that_is_certain_is_found_on_a_clean_photo() -> None:
    found = damage_of(likely_of((20, 30, 252), size=(210, 600), damaged=False), 128, USUAL)
    assert found.mask[10, 25]
    assert found.sure < 252 / 255


def test_a_photo_full_of_damage_makes_nothing_likelier() -> None:
    likely = np.full((50, 60), 255, np.uint8)
    likely[10] = 100
    inside = damage_of(np.repeat(likely, 5, axis=0), 101, USUAL).mask[52]
    assert not inside.any()


def test_a_lower_threshold_finds_more() -> None:
    likely = (255 * np.random.default_rng(0).random((40, 50)) ** 40).astype(np.uint8)
    found = [damage_of(likely, least, USUAL).mask for least in (250, 128, 64, 1)]
    for fewer, more in pairwise(found):
        assert (more | ~fewer).all()
    assert found[0].sum() < found[-1].sum()


@pytest.mark.parametrize("least", [1, 2, 254])
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (3, 4)])
def test_any_size_and_threshold(size: tuple[int, int], least: int) -> None:
    everywhere = damage_of(np.full(size, 255, np.uint8), least, USUAL)
    assert everywhere.mask.all()
    assert everywhere.sure == pytest.approx(1, abs=0.01)
    assert not damage_of(np.zeros(size, np.uint8), least, USUAL).mask.any()


def mask_of(*columns: int) -> np.ndarray:
    mask = np.zeros((4, 10), bool)
    mask[:, list(columns)] = True
    return mask


def test_two_answers_are_united_and_where_both_agree_the_surer_counts() -> None:
    one, other = Damage(mask_of(1, 2), 0.9), Damage(mask_of(2, 3), 0.5)
    for both in (together(one, other), together(other, one)):
        assert np.array_equal(both.mask, mask_of(1, 2, 3))
        assert both.sure == pytest.approx((2 * 0.9 + 0.5) / 3)


def test_an_answer_that_is_empty_changes_nothing() -> None:
    one, nothing = Damage(mask_of(1, 2), 0.3), Damage(mask_of(), 1.0)
    for both in (together(one, nothing), together(nothing, one)):
        assert np.array_equal(both.mask, one.mask)
        assert both.sure == pytest.approx(0.3)
    assert together(nothing, nothing).sure == 1
