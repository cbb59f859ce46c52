"""Masks as arrays: connected groups, growing, places, opacity."""

from __future__ import annotations

import numpy as np
import pytest

from restore.masks import CELL, Holes, count_groups, depths, groups, groups_of, grown, opacity
from restore.tiles import Box


def flooded(mask: np.ndarray) -> int:
    """Count groups the slow way: take them away one after the other."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    count = 0
    while left:
        count += 1
        edge = [left.pop()]
        while edge:
            y, x = edge.pop()
            around = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= around
            edge += around
    return count


@pytest.mark.parametrize("share", [0.05, 0.3, 0.45, 0.7])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (23, 31)])
def test_groups_are_those_of_a_flood(size: tuple[int, int], share: float) -> None:
    for seed in range(5):
        mask = np.random.default_rng(seed).random(size) < share
        found = groups_of(mask)
        assert found.count == flooded(mask)
        assert np.array_equal(found.drawn(size, np.ones(found.count, bool)), mask)


def test_one_group_can_be_drawn_alone() -> None:
    mask = np.zeros((6, 9), bool)
    mask[1:3, 0:2] = mask[3, 2] = True  # touch at a corner
    mask[0:5, 6:9] = True
    found = groups_of(mask)
    assert found.count == 2
    parts = [found.drawn((6, 9), np.arange(2) == one) for one in range(2)]
    assert sorted(int(part.sum()) for part in parts) == [5, 15]
    assert np.array_equal(parts[0] | parts[1], mask)


def test_groups_are_counted_over_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        groups,
        "strips",
        lambda height, width: ((y, min(y + 3, height)) for y in range(0, height, 3)),
    )
    for seed in range(20):
        mask = np.random.default_rng(seed).random((25, 17)) < 0.35
        assert count_groups(mask) == flooded(mask)


def test_growing_reaches_as_far_as_it_is_told() -> None:
    values = np.zeros((41, 41), np.uint8)
    values[20, 20] = 200
    assert np.array_equal(grown(values, 0), values)
    for radius in (1, 2, 5, 12):
        wide = grown(values, radius)
        y, x = np.nonzero(wide)
        assert set(wide[y, x]) == {200}
        distance = np.hypot(y - 20, x - 20)
        assert y.max() - 20 == x.max() - 20 == 20 - y.min() == radius
        assert distance.max() <= 1.42 * radius
        assert (np.hypot(*(np.mgrid[0:41, 0:41] - 20)) <= radius)[wide == 0].sum() == 0


def test_grey_is_grown_too_and_the_brightest_wins() -> None:
    values = np.zeros((1, 9), np.uint8)
    values[0, 3], values[0, 5] = 100, 250
    assert grown(values, 1).tolist() == [[0, 0, 100, 100, 250, 250, 250, 0, 0]]


def test_opacity_rises_from_the_threshold_to_white() -> None:
    shares = opacity(np.array([128, 180, 249, 250, 255], np.uint8), 128)
    assert 0 < shares[0] < 0.02
    assert (np.diff(shares[:4]) > 0).all()
    assert shares[3] == shares[4] == 1
    assert opacity(np.array([255], np.uint8), 255).tolist() == [1]
    assert opacity(np.array([1], np.uint8), 1)[0] == pytest.approx(1 / 250)


def test_holes_near_each_other_share_a_place() -> None:
    hole = np.zeros((400, 500), bool)
    hole[10, 10] = hole[30, 40] = True
    hole[350:360, 400:450] = True
    holes = Holes.of(hole, near=64)
    assert holes.places == (Box(0, 32, 0, 48), Box(336, 368, 400, 464))
    everything = Box(0, 400, 0, 500)
    parts = [holes.of_place(place, everything) for place in range(2)]
    assert [int(part.sum()) for part in parts] == [2, 500]
    assert np.array_equal(holes.of_place(1, Box(355, 400, 440, 500)), hole[355:, 440:])


def test_a_place_ends_where_the_photo_does() -> None:
    hole = np.zeros((CELL + 3, 5), bool)
    hole[-1, -1] = True
    assert Holes.of(hole, near=0).places == (Box(CELL, CELL + 3, 0, 5),)


def test_depth_counts_from_what_is_kept_and_not_from_the_photo_s_edge() -> None:
    hole = np.zeros((12, 20), bool)
    hole[:, 15:] = True  # a lost side: nothing beyond it is known
    hole[2:7, 2:7] = hole[10, 3] = True
    depth = np.zeros(hole.shape, np.float32)
    depth[hole] = depths(hole)
    assert depth[5, 15:].tolist() == [1, 2, 3, 4, 5]
    assert depth[4, 1:8].tolist() == [0, 1, 2, 3, 2, 1, 0]
    assert depth[10, 3] == 1
    assert depths(hole, most=2).max() == 2


def test_nothing_is_deep_where_there_is_no_hole() -> None:
    assert depths(np.zeros((5, 5), bool)).shape == (0,)
    assert (depths(np.ones((5, 5), bool)) == 64).all()
