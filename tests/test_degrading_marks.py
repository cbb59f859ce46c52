"""The marks that prints bear: what each kind covers."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import random

from degrading import marks as drawing
from degrading.marks import BRIGHT, DARK, Cover, Kind, marks

SIDE = 96
KINDS = list({**BRIGHT, **DARK})


def box(side: int = 32) -> Cover:
    """Cover a square in the middle, wholly."""
    cover = np.zeros((side, side), np.float32)
    cover[side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return cover


def bright(side: int, random: np.random.Generator) -> Cover:
    return marks(BRIGHT, side, random)


def dark(side: int, random: np.random.Generator) -> Cover:
    return marks(DARK, side, random)


@pytest.mark.parametrize("kind", [*KINDS, bright, dark])
@pytest.mark.parametrize("side", [32, 96])
def test_a_seed_is_a_mark_and_most_seeds_are_another(kind: Kind, side: int) -> None:
    first, again, other = (kind(side, random(seed)) for seed in (1, 1, 2))
    assert first.shape == (side, side)
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", [*KINDS, bright, dark])
@pytest.mark.parametrize("side", [32, 160])
def test_every_kind_covers_something_and_never_all(kind: Kind, side: int) -> None:
    covers = [kind(side, random(seed)) for seed in range(40)]
    assert all(0 <= cover.min() <= cover.max() <= 1 for cover in covers)
    shares = np.array([(cover > 0).mean() for cover in covers])
    assert np.mean(shares > 0) > 0.9
    assert shares.max() < 0.8
    assert shares.mean() < 0.3
    assert max(cover.max() for cover in covers) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_edges_are_covered_in_part(kind: Kind) -> None:
    levels = np.unique(np.concatenate([kind(SIDE, random(seed)).ravel() for seed in range(10)]))
    assert len(levels) > 8


def test_a_patch_covers_its_area_and_a_line_its_width() -> None:
    sheet = drawing._Sheet(16)
    sheet.patch(np.array([[2.0, 2.0], [10.0, 2.0], [10.0, 10.0], [2.0, 10.0]]), 0.5)
    assert sheet.cover[4, 4] == pytest.approx(0.5, abs=0.01)
    assert sheet.cover.sum() == pytest.approx(0.5 * 64, rel=0.1)
    sheet = drawing._Sheet(16)
    sheet.line(np.array([[0.0, 8.0], [16.0, 8.0]]), np.array([3.0]), 1)
    assert sheet.cover[:, 4].sum() == pytest.approx(3, abs=0.4)


def extent(cover: Cover) -> int:
    rows, columns = np.nonzero(cover)
    return int(max(np.ptp(rows), np.ptp(columns))) + 1


def test_creases_are_long_and_fibres_are_short() -> None:
    creases = [drawing.creases(SIDE, random(seed)) for seed in range(30)]
    alone = [seed for seed in range(150) if random(seed).integers(1, 5) == 1]  # how many it draws
    fibres = [drawing.fibres(SIDE, random(seed)) for seed in alone]
    assert np.median([extent(cover) for cover in creases]) > 0.8 * SIDE
    assert np.median([extent(cover) for cover in fibres]) < 0.5 * SIDE


@pytest.mark.parametrize("kinds", [BRIGHT, DARK], ids=["bright", "dark"])
def test_kinds_come_as_often_as_they_should(kinds: dict[Kind, float]) -> None:
    names: list[str] = []

    def fake(name: str) -> Kind:
        def draw(side: int, random: np.random.Generator) -> Cover:
            names.append(name)
            return box(side)

        return draw

    chances = {fake(kind.__name__): chance for kind, chance in kinds.items()}
    draws = random()
    for _ in range(1500):
        marks(chances, 32, draws)
    assert len(names) == 1500
    for kind, chance in kinds.items():
        assert names.count(kind.__name__) / 1500 == pytest.approx(chance, abs=0.04)
    assert sum(kinds.values()) == pytest.approx(1)


def test_half_of_the_marks_are_faint_in_places() -> None:
    draws = random()
    covers = [marks({lambda side, random: box(side): 1.0}, 32, draws) for _ in range(300)]
    faint = [cover for cover in covers if not np.array_equal(cover, box())]
    assert len(faint) / 300 == pytest.approx(0.5, abs=0.09)
    for cover in faint:
        assert np.all(cover[box() == 0] == 0)
        assert 0 <= cover.min() <= cover.max() <= 1
    assert np.mean([cover[box() == 1].mean() for cover in faint]) == pytest.approx(0.5, abs=0.1)
