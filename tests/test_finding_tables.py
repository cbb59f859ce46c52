"""The tables of what the finder reaches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from traced_prints import (
    SIZE,
    Mender,
    Told,
    evaluation_folder,
    nothing,
    picture,
    spots,
    trace,
    truth_of,
)

from evaluate_damage import TABLES
from evaluation.denoising.photographs import photographs
from evaluation.finding import drawn, tables
from evaluation.finding.drawn import damaged
from evaluation.finding.shares import NEAR, Mask, wider
from evaluation.finding.traced import Mark, Traced, tracings
from evaluation.metrics import Picture
from restore.masks import Damage


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return evaluation_folder(tmp_path, monkeypatch)


@pytest.fixture
def cases(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[drawn.Case]:
    """What is drawn on the two photos; it is mended perfectly."""
    made = [damaged(photo.pixels(), photo.seed) for photo in photographs(data / "kodak24")]
    monkeypatch.setattr(tables.Restorer, "of", lambda *_: Mender(made))
    return made


# Tables


def test_a_perfect_eye_finds_all_and_only_damage(data: Path, cases: list[drawn.Case]) -> None:
    table = tables.drawn(data, Told(truth_of(cases)))
    assert (table.numbers["found"], table.numbers["right"]) == (1, 1)
    assert table.numbers["worse"] == 0
    assert table.numbers["filled"] == table.numbers["by_truth"] > table.numbers["damaged"]
    assert "| of damaged pixels are found | 100.0% |" in table.markdown()
    assert "100.0%, and it says 100.0%" in table.markdown()
    assert "2 photographs of kodak24 and cbsd68." in table.markdown()
    (one,) = tracings()
    table = tables.traced(data, Told(lambda _: one.damaged))
    assert table.numbers == {"p": {"found": 1, "right": 1, "sure": 1}}
    assert [list(row) for row in table.rows] == [
        ["p", "100.0%", "flake 1/1, scratch 1/1, speck 2/2", "100.0%", "100.0%"]
    ]


def test_an_empty_eye_finds_nothing(data: Path, cases: list[drawn.Case]) -> None:
    table = tables.drawn(data, Told(nothing))
    assert (table.numbers["found"], table.numbers["right"]) == (0, 1)
    assert table.numbers["filled"] == table.numbers["damaged"] < table.numbers["by_truth"]
    assert "| of damaged pixels are found | 0.0% |" in table.markdown()
    table = tables.traced(data, Told(nothing))
    assert table.numbers == {"p": {"found": 0, "right": 1, "sure": 1}}
    assert "flake 0/1, scratch 0/1, speck 0/2" in table.markdown()


def test_an_eye_that_is_wrong_everywhere_makes_pictures_worse(
    data: Path, cases: list[drawn.Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(pixels: Picture, mask: Mask) -> list[Picture]:
        return [np.where(mask[..., None], np.uint8(255) - pixels, pixels)]

    restorer = Mender(cases)
    restorer.filled = spoiled
    monkeypatch.setattr(tables.Restorer, "of", lambda *_: restorer)
    truth = truth_of(cases)
    table = tables.drawn(data, Told(lambda pixels: ~wider(truth(pixels), NEAR), sure=0.25))
    assert (table.numbers["found"], table.numbers["right"]) == (0, 0)
    assert table.numbers["worse"] == 2
    assert table.numbers["sure"] == pytest.approx(0.25)


def test_how_sure_it_says_is_weighed_by_what_it_takes(data: Path, cases: list[drawn.Case]) -> None:
    class Unequal(Told):
        def damage(self, picture: Picture) -> Damage:
            mask = nothing(picture)
            first = np.array_equal(picture, cases[0].pixels)
            mask.flat[: 30 if first else 10] = True
            return Damage(mask, 1.0 if first else 0.2)

    table = tables.drawn(data, Unequal(nothing))
    assert table.numbers["sure"] == pytest.approx((30 * 1.0 + 10 * 0.2) / 40)


def test_what_is_imagined_on_clean_photographs_is_counted(data: Path) -> None:
    def one_of_them(pixels: Picture) -> Mask:
        mask = nothing(pixels)
        if pixels.shape[:2] != SIZE:  # b
            mask.flat[:61] = True  # a row of fifty
        return mask

    table = tables.clean(data, Told(one_of_them))
    assert table.numbers == {"taken": {"kodak24/a": 0, "kodak24/b": pytest.approx(1 / 50)}}
    assert [row[1] for row in table.rows] == ["1.0000%", "2.000% (b)", "1 of 2"]


def test_photographs_of_both_sets_are_taken(data: Path) -> None:
    (data / "cbsd68").mkdir()
    Image.fromarray(picture(seed=3)).save(data / "cbsd68/c.png")
    table = tables.clean(data, Told(nothing))
    assert table.numbers == {"taken": {"kodak24/a": 0, "kodak24/b": 0, "cbsd68/c": 0}}
    assert table.rows[2][1] == "3 of 3"


def test_a_mark_is_half_found_or_it_is_not(data: Path) -> None:
    (one,) = tracings()
    scratch = one.marks[0].mask
    for columns, expected in ((40, "scratch 1/1"), (20, "scratch 0/1")):
        mask = scratch.copy()
        mask[:, columns:] = False
        table = tables.traced(data, Told(lambda _, mask=mask: mask))
        assert expected in table.rows[0][2]
        assert "speck 0/2" in table.rows[0][2]


def test_a_tracing_is_given_a_pixel_of_grace_and_what_is_unsure(data: Path) -> None:
    (one,) = tracings()
    shifted = np.roll(one.damaged, tables.GRACE, 0)
    table = tables.traced(data, Told(lambda _: shifted | one.unsure))
    assert table.numbers["p"] == {"found": 1, "right": 1, "sure": 1}
    table = tables.traced(data, Told(lambda _: np.roll(one.damaged, 8, 0)))
    assert table.numbers["p"]["found"] < 0.5  # type: ignore[index]
    assert table.numbers["p"]["right"] < 0.7  # type: ignore[index]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_photographs_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace(tmp_path / "traced", monkeypatch)

    def never(picture: Picture) -> Mask:
        raise AssertionError("there is nothing to look at")

    table = TABLES[name](tmp_path, Told(never))
    assert "Skipped: there are no photographs for it." in table.markdown()
    assert not table.rows


def test_large_scans_show_the_same_damage_larger(
    data: Path, cases: list[drawn.Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever knows the truth of the small picture has found it in the large one."""
    monkeypatch.setattr(tables, "LARGER", 2)
    shown = []

    def larger_truth(pixels: Picture) -> Mask:
        shown.append(pixels.shape[:2])
        case = cases[0 if pixels.shape[1] == 2 * cases[0].truth.shape[1] else 1]
        return case.truth.repeat(2, 0).repeat(2, 1)

    table = tables.scans(data, Told(larger_truth))
    assert set(shown) == {tuple(2 * side for side in case.truth.shape) for case in cases}
    assert (table.numbers["found"], table.numbers["right"]) == (1, 1)
    assert table.numbers["taken"] == pytest.approx(np.mean([c.truth.mean() for c in cases]))
    assert tables.scans(data, Told(nothing)).numbers["found"] == 0


def test_a_tracing_whose_photograph_is_absent_is_left_out(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    masks = [Mark("speck", spots((2, 2)))]
    both = [*tracings(), Traced("old-scratched/absent.png", masks, spots())]
    monkeypatch.setattr(tables, "tracings", lambda: both)
    assert list(tables.traced(data, Told(nothing)).numbers) == ["p"]
