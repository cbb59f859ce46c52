"""What is held against the finder: shares of pixels, tracings, drawn damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from traced_prints import (
    SIZE,
    evaluation_folder,
    picture,
    spots,
)

from evaluation.finding import traced
from evaluation.finding.drawn import damaged
from evaluation.finding.shares import NEAR, Shares, wider
from evaluation.finding.traced import tracings


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return evaluation_folder(tmp_path, monkeypatch)


# Shares


def test_shares_count_what_is_found_and_what_is_right() -> None:
    truth = spots((2, 2), (2, 3), (2, 4), (2, 5))
    mask = spots((2, 2), (9, 9), (2, 3), (9, 10), (10, 9))
    shares = Shares.of(mask, truth)
    assert shares == Shares(damaged=4, found=2, taken=5, right=2)
    assert shares.recall == pytest.approx(0.5)
    assert shares.precision == pytest.approx(0.4)


def test_who_takes_nothing_is_never_wrong_and_finds_nothing() -> None:
    shares = Shares.of(spots(), spots((2, 2)))
    assert (shares.recall, shares.precision) == (0, 1)
    whole = Shares.of(spots((2, 2)), spots())
    assert (whole.recall, whole.precision) == (0, 0)


def test_a_pixel_near_damage_is_right_and_one_further_away_is_not() -> None:
    for away in range(5):
        shares = Shares.of(spots((2 + away, 5)), spots((2, 5)))
        assert shares.precision == (1 if away <= NEAR else 0)
        assert shares.recall == (1 if away == 0 else 0)


def test_grace_is_given_to_a_tracing_beside_its_mark() -> None:
    mask, truth = spots((3, 5)), spots((2, 5), (5, 5), (9, 9))
    found = [Shares.of(mask, truth, grace=grace).found for grace in (0, 1, 2)]
    assert found == [0, 1, 2]
    assert {Shares.of(mask, truth, grace=grace).taken for grace in (0, 1, 2)} == {1}


def test_what_is_unsure_may_be_taken_and_need_not_be() -> None:
    truth, unsure = spots((2, 2)), spots((9, 9))
    assert Shares.of(spots((9, 9)), truth).precision == 0
    assert Shares.of(spots((9, 9)), truth, unsure).precision == 1
    assert Shares.of(spots((2, 2)), truth, unsure).recall == 1
    assert Shares.of(spots((2, 2), (9, 9)), truth, unsure).damaged == 1


def test_shares_of_pictures_add_up() -> None:
    total = Shares(4, 2, 5, 2) + Shares(6, 6, 5, 4)
    assert total == Shares(10, 8, 10, 6)
    assert (total.recall, total.precision) == (0.8, 0.6)


def test_growing_a_mask_leaves_it_as_it_was() -> None:
    mask = spots((5, 5))
    assert np.array_equal(wider(mask, 0), mask)
    assert wider(mask, 1).sum() in (5, 9)
    assert wider(mask, 2).any(0).sum() == 5
    assert mask.sum() == 1


# Tracings


def test_every_print_that_was_traced_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced, "_read", lambda path: path.name)
    assert list(map(str, tracings())) == ["bopbscratch_008.json", "bopbscratch_011.json"]


@pytest.mark.parametrize("path", sorted(traced.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_tracing_is_whole(path: Path) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    one = traced._read(path)
    assert one.photo == f"old-scratched/{path.stem}.webp"
    assert one.unsure.shape == (table["height"], table["width"])
    assert len(one.marks) == len(table["marks"]) > 100
    assert all(mark.mask.any() and mark.mask.shape == one.unsure.shape for mark in one.marks)
    assert max(mark.mask.mean() for mark in one.marks) < 0.02
    assert 0.01 < one.damaged.mean() < 0.1
    assert (one.damaged & one.unsure).sum() < 0.1 * one.damaged.sum()


@pytest.mark.parametrize("path", sorted(traced.FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_traced_marks_lie_within_their_photo(path: Path) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    for mark in [*table["marks"], *table["unsure"]]:
        assert set(mark) <= {"kind", "tone", "width", "points", "closed"}
        assert mark["kind"] in {"scratch", "speck", "crack", "flake", "edge"}
        assert 0 < mark["width"] < 40
        assert all(
            0 <= x <= table["width"] and 0 <= y <= table["height"] for x, y in mark["points"]
        )
        assert len(mark["points"]) >= (3 if mark.get("closed") else 1)


def test_lines_specks_and_outlines_cover_what_they_trace(data: Path) -> None:
    (one,) = tracings()
    assert one.photo == "old-scratched/p.png"
    line, speck, dot, patch = (mark.mask for mark in one.marks)
    assert line.any(1).sum() == pytest.approx(3, abs=1)
    assert line[10, 6:58].all()
    assert speck[30, 30]
    assert speck.sum() == pytest.approx(np.pi / 4 * 25, abs=6)
    assert np.argwhere(dot).tolist() == [[40, 50]]
    assert patch[21:29, 3:11].all()
    assert patch.sum() == pytest.approx(100, abs=22)
    assert one.damaged.sum() == sum(mark.mask.sum() for mark in one.marks)
    assert one.unsure[20, 42:58].all()
    assert not (one.unsure & one.damaged).any()
    assert [mark.kind for mark in one.marks] == ["scratch", "speck", "speck", "flake"]


def test_what_is_finer_than_a_pixel_lies_within_the_photo_even_at_its_corner() -> None:
    for point in ([0, 0], [64, 48], [63.9, 0], [0, 47.99]):
        mark = {"width": 0.1, "points": [point]}
        mask = traced._drawn(mark, SIZE)
        (row, column), *more = np.argwhere(mask).tolist()
        assert not more
        assert abs(row + 0.5 - point[1]) <= 0.5
        assert abs(column + 0.5 - point[0]) <= 0.5


# Drawn damage


def test_drawn_damage_is_the_seed_s_own_and_is_where_it_changed_something() -> None:
    pixels = picture(80, 96)
    kept = pixels.copy()
    once, again, other = (damaged(pixels, seed) for seed in (1, 1, 2))
    for name in ("pixels", "before", "truth"):
        assert np.array_equal(getattr(once, name), getattr(again, name))
    assert not np.array_equal(once.truth, other.truth)
    assert np.array_equal(pixels, kept)
    for case in (once, other):
        change = np.abs(case.pixels.astype(int) - case.before).mean(axis=2)
        assert np.array_equal(case.truth, change > 12)
        assert case.pixels.shape == case.before.shape == pixels.shape
        assert case.pixels.dtype == case.before.dtype == np.uint8
        assert 0.01 < case.truth.mean() < 0.3
        assert (change == 0).mean() > 0.7


def test_drawn_damage_is_bright_or_dark_on_prints_mostly_grey() -> None:
    pixels = picture(80, 96)
    made = [damaged(pixels, seed) for seed in range(60)]
    grey = [bool((np.ptp(case.before, axis=2) == 0).all()) for case in made]
    assert np.mean(grey) == pytest.approx(0.7, abs=0.15)
    tones = []
    for case in made:
        change = (case.pixels.astype(int) - case.before).mean(axis=2)[case.truth]
        tones.append((bool((change > 0).mean() > 0.05), bool((change < 0).mean() > 0.05)))
    assert set(tones) == {(True, False), (False, True), (True, True)}
    assert tones.count((True, True)) / 60 == pytest.approx(0.25, abs=0.15)
