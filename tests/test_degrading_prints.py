"""Old prints: which of the marks on them show."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from pictures import detailed, random
from torch import Tensor

from degrading import prints as module
from degrading.marks import BRIGHT, Cover, Kind
from degrading.prints import Prints, aged, prints

LEVEL = 1 / 255
Change = Callable[[module.Grey, np.random.Generator], module.Grey]


def grey(count: int = 6, side: int = 64) -> Tensor:
    return detailed(count, side).mean(1, keepdim=True)


def paper(value: float, count: int = 1, side: int = 64) -> Tensor:
    return torch.full((count, 1, side, side), value)


def box(side: int = 32) -> Cover:
    """Cover a square in the middle, wholly."""
    cover = np.zeros((side, side), np.float32)
    cover[side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return cover


def test_a_seed_decides_the_prints() -> None:
    first, again, other = (prints(grey(), random(seed)) for seed in (1, 1, 2))
    for name in ("scan", "damaged", "counts"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


@pytest.mark.parametrize("side", [32, 64])
def test_prints_keep_shape_and_range_and_what_came(side: int) -> None:
    hard = torch.from_numpy((random().random((6, 1, side, side)) > 0.5).astype(np.float32))
    for came in (grey(6, side), hard, paper(0.0, 6, side), paper(1.0, 6, side)):
        before = came.clone()
        for seed in range(3):
            made = prints(came, random(seed))
            assert torch.equal(came, before)
            for part in (made.scan, made.damaged, made.counts):
                assert part.shape == came.shape
                assert part.dtype == torch.float32
            assert 0 <= made.scan.min() <= made.scan.max() <= 1
            for part in (made.damaged, made.counts):
                assert set(part.unique().tolist()) <= {0, 1}
            assert bool((made.counts >= made.damaged).all())  # what is damaged counts


def test_a_scan_has_8_bits() -> None:
    levels = prints(grey(20), random()).scan * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    assert len(levels.round().unique()) > 100


def test_prints_are_mostly_whole_and_mostly_damaged_somewhere() -> None:
    damaged = prints(grey(120), random()).damaged.mean((1, 2, 3))
    whole = float((damaged == 0).float().mean())
    assert module.CLEAN - 0.1 < whole < module.CLEAN + 0.2
    assert 0.01 < float(damaged.mean()) < 0.1
    assert float(damaged.max()) < 0.6


def test_many_prints_bear_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[object] = []

    def noting(plane: module.Grey, random: np.random.Generator) -> module.Grey:
        marked.append(plane)
        return plane

    monkeypatch.setattr(module, "_marked", noting)
    prints(paper(0.5, 600, 16), random())
    assert 1 - len(marked) / 600 == pytest.approx(module.CLEAN, abs=0.06)


def test_frames_writing_and_stains_are_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLEAN", 1)
    names: list[str] = []

    def noting(name: str, change: Change) -> Change:
        def noted(plane: module.Grey, random: np.random.Generator) -> module.Grey:
            names.append(name)
            return change(plane, random)

        return noted

    chances = {"_framed": 0.15, "_written": 0.1, "_stained": 0.2}
    for name in chances:
        monkeypatch.setattr(module, name, noting(name, getattr(module, name)))
    made = prints(paper(0.5, 400, 32), random())
    for name, chance in chances.items():
        assert names.count(name) / 400 == pytest.approx(chance, abs=0.06)
    assert not made.damaged.any()
    assert made.counts.all()
    contrast = made.scan.amax((1, 2, 3)) - made.scan.amin((1, 2, 3))
    assert float((contrast > 0.3).float().mean()) > 0.1  # and yet they are to be seen


# What shows


def shown(
    monkeypatch: pytest.MonkeyPatch, before: float, mark: float, grain: float = 0, seed: int = 0
) -> Prints:
    """Make a print, flat but for its grain, of which a square in the middle is painted over."""

    def painted(plane: module.Grey, random: np.random.Generator) -> module.Grey:
        cover = box(len(plane))
        return np.asarray(plane * (1 - cover) + np.float32(mark) * cover)

    monkeypatch.setattr(module, "CLEAN", 0)
    monkeypatch.setattr(module, "_marked", painted)
    monkeypatch.setattr(module, "aged", lambda came, _: (came, torch.full((1, 1, 1, 1), grain)))
    return prints(paper(before), random(seed))


INSIDE = (..., slice(20, 44), slice(20, 44))  #: of the square, away from its soft edge


def outside(planes: Tensor) -> Tensor:
    """Return what is away from the square's soft edge."""
    away = torch.ones(planes.shape, dtype=torch.bool)
    away[..., 12:52, 12:52] = False
    return planes[away]


@pytest.mark.parametrize(("before", "mark"), [(0.3, 0.9), (0.8, 0.1), (0.5, 0.5 + 16 * LEVEL)])
def test_what_shows_is_damaged_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch, before: float, mark: float
) -> None:
    for seed in range(4):
        made = shown(monkeypatch, before, mark, seed=seed)
        assert made.damaged[INSIDE].all()
        assert not outside(made.damaged).any()
        assert outside(made.counts).all()
        assert float(made.scan[INSIDE].mean()) == pytest.approx(mark, abs=3 * LEVEL)
        assert float(outside(made.scan).mean()) == pytest.approx(before, abs=3 * LEVEL)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_white_mark_on_white_paper_is_none_nor_a_black_one_on_black(
    monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    for change in (0, 2 * LEVEL):
        made = shown(monkeypatch, value, abs(value - change))
        assert not made.damaged.any()
        assert made.counts.all()


@pytest.mark.parametrize("levels", [6, 10])
def test_what_may_or_may_not_be_seen_does_not_count(
    monkeypatch: pytest.MonkeyPatch, levels: int
) -> None:
    for sign in (-1, 1):
        made = shown(monkeypatch, 0.5, 0.5 + sign * levels * LEVEL)
        assert not made.damaged.any()
        assert not made.counts[INSIDE].any()
        assert outside(made.counts).all()


def test_some_of_a_soft_edge_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = []
    for seed in range(10):
        made = shown(monkeypatch, 0.3, 0.3 + 30 * LEVEL, seed=seed)
        assert made.damaged[INSIDE].all()
        unsure.append(float((1 - made.counts).sum()))
    assert max(unsure) > 50
    assert max(unsure) < 4 * 40 * 3  # a few pixels beside each side


def test_grain_hides_faint_marks_and_no_strong_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    faint, strong, grain = 0.5 + 15 * LEVEL, 0.5 + 60 * LEVEL, 9 * LEVEL
    assert shown(monkeypatch, 0.5, faint).damaged[INSIDE].all()
    hidden = shown(monkeypatch, 0.5, faint, grain)
    assert not hidden.damaged.any()
    assert not hidden.counts[INSIDE].any()
    assert shown(monkeypatch, 0.5, strong, grain).damaged[INSIDE].all()


def test_grain_itself_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shown(monkeypatch, 0.5, 0.5, 30 * LEVEL)
    assert not made.damaged.any()
    assert made.counts.all()
    assert made.scan.std() > 4 * LEVEL


# Ageing


def test_some_pictures_are_new_and_have_no_grain() -> None:
    came = grey(300, 16)
    tone, grain = aged(came, random())
    assert tone.shape == came.shape
    assert grain.shape == (300, 1, 1, 1)
    new = (tone == came).flatten(1).all(1)
    assert float(new.float().mean()) == pytest.approx(0.35, abs=0.09)
    assert not grain[new].any()
    grainy = float((grain[~new] > 0).float().mean())
    assert grainy == pytest.approx(0.7, abs=0.08)
    assert 0.8 * 9 * LEVEL < float(grain.max()) <= 9 * LEVEL


def test_old_prints_are_flatter() -> None:
    came = torch.rand(200, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    tone, _ = aged(came, random())
    old = ~(tone == came).flatten(1).all(1)
    before, after = (float(planes[old].flatten(1).std(1).mean()) for planes in (came, tone))
    assert after < 0.75 * before
    assert float(tone[old].amin((1, 2, 3)).max()) > 0.2  # black has faded


def test_a_frame_is_at_the_borders_alone() -> None:
    plane = np.full((64, 64), 0.5, np.float32)
    sides, tones = set(), set()
    for seed in range(60):
        framed = module._framed(plane, random(seed))
        assert np.all(framed[17:-17, 17:-17] == 0.5)
        assert np.all(plane == 0.5)
        for turn in range(4):
            border = np.rot90(framed, turn)[0, 20:-20]
            if border[0] != 0.5:
                assert np.all(border == border[0])
                sides.add(turn)
                tones.add(bool(border[0] > 0.5))
    assert sides == {0, 1, 2, 3}
    assert tones == {False, True}


def test_writing_is_dark_or_bright_and_leaves_most_as_it_was() -> None:
    plane = np.full((64, 64), 0.5, np.float32)
    written = [module._written(plane, random(seed)) for seed in range(60)]
    changed = np.array([(one != plane).mean() for one in written])
    assert np.mean(changed > 0) > 0.7  # some of it lies outside
    assert changed.max() < 0.6
    assert min(one.min() for one in written) == pytest.approx(0.05, abs=0.03)
    assert max(one.max() for one in written) == pytest.approx(0.95, abs=0.03)


def test_stains_are_soft() -> None:
    plane = np.full((128, 128), 0.5, np.float32)
    for seed in range(20):
        stain = module._stained(plane, random(seed)) - plane
        assert 0 < np.abs(stain).max() < 0.35
        steps = max(np.abs(np.diff(stain, axis=axis)).max() for axis in (0, 1))
        assert steps < 0.025


# Paint


def test_marks_are_brighter_than_a_print_or_darker_and_only_where_they_cover() -> None:
    plane = np.asarray(grey(1, 32)[0, 0] * 0.4 + 0.3)
    for seed, of_paper in itertools.product(range(30), (True, False)):
        painted = module._painted(plane, box(), of_paper, random(seed))
        assert np.array_equal(painted[box() == 0], plane[box() == 0])
        assert 0 <= painted.min() <= painted.max() <= 1
        change = float((painted - plane)[box() == 1].mean())
        assert change > 0.01 if of_paper else change < -0.01


def test_a_raised_edge_darkens_what_is_beside_it() -> None:
    plane, sides = np.full((32, 32), 0.5, np.float32), set()
    for seed in range(40):
        shadow = plane - module._shaded(plane, box(), random(seed))
        assert np.all(shadow[box() == 1] == 0)
        assert np.all(shadow[:7] == 0)
        assert 0 <= shadow.min() <= shadow.max() <= 0.6 * 0.5 + 1e-6
        rows, columns = np.nonzero(shadow)
        sides.add(len(rows) and (int(rows.min()) < 8, int(columns.min()) < 8))
    assert len(sides) >= 4  # at another side each time, or nowhere


def test_a_print_bears_one_to_four_layers_mostly_of_one_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    painted: list[bool] = []

    def noting(
        plane: module.Grey, cover: Cover, of_paper: bool, random: np.random.Generator
    ) -> module.Grey:
        assert cover[0, 0] == (0.25 if of_paper else 0.75)  # drawn as marks of its kind are
        painted.append(bool(of_paper))
        return plane

    def told(kinds: dict[Kind, float], side: int, random: np.random.Generator) -> Cover:
        return np.full((side, side), 0.25 if kinds is BRIGHT else 0.75, np.float32)

    monkeypatch.setattr(module, "_painted", noting)
    monkeypatch.setattr(module, "marks", told)
    draws, layers, light, mixed = random(), [], [], []
    for _ in range(500):
        painted.clear()
        module._marked(np.full((16, 16), 0.5, np.float32), draws)
        layers.append(len(painted))
        light += painted
        mixed.append(len(set(painted)) == 2)
    assert set(layers) == {1, 2, 3, 4}
    assert np.mean(light) == pytest.approx(0.75 * 0.8 + 0.25 * 0.2, abs=0.06)
    assert np.mean(mixed) < 0.5
