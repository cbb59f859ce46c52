"""What the finder of damage is measured by: drawn damage, none, and traced old prints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from click.testing import CliRunner
from conftest import scene
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from evaluate_damage import TABLES, main
from evaluation.denoising.photographs import opened, photographs
from evaluation.finding import drawn, tables, traced
from evaluation.finding.drawn import damaged
from evaluation.finding.product import Product
from evaluation.finding.shares import NEAR, Mask, Shares, wider
from evaluation.finding.traced import Mark, Traced, tracings
from evaluation.metrics import Picture
from evaluation.restoring.product import Restorer
from restore import defaults
from restore.masks import Damage
from restore.nets.damage import DamageNet

NET = tiny.DAMAGE
SIZE = (48, 64)
MARKS = [
    {"kind": "scratch", "width": 3, "points": [[4, 10], [60, 10]]},
    {"kind": "speck", "width": 5, "points": [[30.5, 30.5]]},
    {"kind": "speck", "width": 0.2, "points": [[50.1, 40.1]]},
    {"kind": "flake", "width": 1, "points": [[2, 20], [12, 20], [12, 30], [2, 30]], "closed": True},
]
UNSURE = [{"kind": "scratch", "width": 4, "points": [[40, 20], [60, 20]]}]


def picture(height: int = SIZE[0], width: int = SIZE[1], seed: int = 0) -> Picture:
    """A coloured scene with some texture."""
    grey = scene(height, width, seed).astype(np.int16)
    return np.stack([grey, grey - 20, 235 - grey], axis=2).clip(0, 255).astype(np.uint8)


def spots(*places: tuple[int, int], side: int = 12) -> Mask:
    mask = np.zeros((side, side), bool)
    for row, column in places:
        mask[row, column] = True
    return mask


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clean photos, and a print with its tracing."""
    folder = tmp_path / "eval"
    for name in ("kodak24", "old-scratched"):
        (folder / name).mkdir(parents=True)
    Image.fromarray(picture(seed=0)).save(folder / "kodak24/a.png")
    Image.fromarray(picture(50, 61, seed=1)).save(folder / "kodak24/b.png")
    Image.fromarray(picture(seed=2)).save(folder / "old-scratched/p.png")
    trace(tmp_path / "traced", monkeypatch)
    return folder


def trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the only tracing be that of `MARKS`."""
    folder.mkdir(exist_ok=True)
    height, width = SIZE
    table = {"photo": "old-scratched/p.png", "width": width, "height": height}
    text = json.dumps({**table, "marks": MARKS, "unsure": UNSURE})
    (folder / "p.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(traced, "FOLDER", folder)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Random weights of a small network that takes some of a picture for damage."""
    torch.manual_seed(0)
    path = tmp_path / "damage.safetensors"
    net = DamageNet(NET)
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.15)
    nn.init.constant_(net.tail.bias, -4)
    return stored(net, path)


def stored(net: DamageNet, path: Path) -> Path:
    save_file(net.state_dict(), path, metadata={"config": json.dumps(asdict(net.config))})
    return path


def certain(logit: float, path: Path) -> Path:
    """Write a network that says the same of every pixel."""
    net = DamageNet(NET)
    nn.init.zeros_(net.tail.weight)
    nn.init.constant_(net.tail.bias, logit)
    return stored(net, path)


class Told:
    """Answers with the masks that it was told, whatever it is shown."""

    def __init__(self, answer: Callable[[Picture], Mask], sure: float = 1.0) -> None:
        self.answer, self.sure = answer, sure

    def damage(self, picture: Picture) -> Damage:
        return Damage(self.answer(picture), self.sure)


def nothing(picture: Picture) -> Mask:
    return np.zeros(picture.shape[:2], bool)


def truth_of(cases: Sequence[drawn.Case]) -> Callable[[Picture], Mask]:
    """Return what knows where these are damaged."""

    def answer(picture: Picture) -> Mask:
        (found,) = [case.truth for case in cases if np.array_equal(case.pixels, picture)]
        return found

    return answer


class Mender:
    """Fills holes with what was there."""

    def __init__(self, cases: Sequence[drawn.Case]) -> None:
        self.cases = cases

    def filled(self, pixels: Picture, mask: Mask, samples: int | None = None) -> list[Picture]:
        (case,) = [case for case in self.cases if np.array_equal(case.pixels, pixels)]
        return [np.where(mask[..., None], case.before, pixels)]


@pytest.fixture
def cases(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[drawn.Case]:
    """What is drawn on the two photos; it is mended perfectly."""
    made = [damaged(photo.pixels(), photo.seed) for photo in photographs(data / "kodak24")]
    monkeypatch.setattr(tables.Restorer, "of", lambda *_: Mender(made))
    return made


@pytest.fixture
def tiny_restorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill with a small random network."""
    restorer = Restorer(tiny.pixel_net(tmp_path)["tiny"], 1)
    monkeypatch.setattr(tables.Restorer, "of", lambda *_: restorer)


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


# The product's eye


def test_the_eye_sees_what_its_network_does(tmp_path: Path) -> None:
    empty = Product.of(certain(-9, tmp_path / "a.safetensors"), 128).damage(picture(50, 61))
    full = Product.of(certain(9, tmp_path / "b.safetensors"), 128).damage(picture(50, 61))
    assert empty.mask.shape == full.mask.shape == (50, 61)
    assert not empty.mask.any()
    assert full.mask.all()
    assert full.sure > 0.99


def test_the_threshold_is_heard(tmp_path: Path, weights: Path) -> None:
    shares = [Product.of(weights, least).damage(picture()).mask.mean() for least in (40, 128, 200)]
    assert 1 > shares[0] > shares[1] > shares[2] > 0
    likely = certain(1, tmp_path / "same.safetensors")  # 186 of 255, everywhere
    assert Product.of(likely, 186).damage(picture()).mask.all()
    assert not Product.of(likely, 187).damage(picture()).mask.any()


def test_by_default_the_weights_that_ship_are_taken() -> None:
    case = damaged(picture(128, 128), 3)
    found = Product.of(None, 128).damage(case.pixels)
    shares = Shares.of(found.mask, case.truth)
    assert shares.recall > 0.3
    assert shares.precision > 0.5


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


# The program


def told(data: Path, *more: object) -> str:
    ran = CliRunner().invoke(main, [str(word) for word in ("--data", data, *more)])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.usefixtures("tiny_restorer")
def test_all_tables_of_a_folder(data: Path, weights: Path, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    said = told(data, "--weights", weights, "--json", numbers)
    assert re.findall("^## (.*)$", said, re.MULTILINE) == [
        "Drawn scratches and dust",
        "Clean photographs",
        "Large scans",
        "Old prints, traced by eye",
    ]
    assert "Skipped" not in said
    found = json.loads(numbers.read_text(encoding="utf-8"))
    assert list(found) == list(TABLES)
    assert 0 < found["drawn"]["found"] < 1
    assert 0 < found["drawn"]["right"] < 1
    assert set(found["clean"]["taken"]) == {"kodak24/a", "kodak24/b"}
    product = Product.of(weights, defaults.LIKELY)
    for name, share in found["clean"]["taken"].items():
        mask = product.damage(opened(data / f"{name}.png")).mask
        assert share > 0
        assert share == pytest.approx(mask.mean())
    assert f"{found['traced']['p']['found']:.1%}" in said
    assert all(table["seconds"] >= 0 for table in found.values())


@pytest.mark.parametrize("name", ["clean", "traced"])
def test_only_what_is_asked_for_is_measured(name: str, data: Path, weights: Path) -> None:
    said = told(data, "--weights", weights, "--only", name)
    assert said.count("## ") == 1
    titles = {"clean": "Clean photographs", "traced": "Old prints, traced by eye"}
    assert said.startswith(f"## {titles[name]}\n")
    assert "| --- |" in said


def test_tables_without_photographs_are_skipped(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace(tmp_path / "traced", monkeypatch)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert told(empty, "--weights", weights).count("Skipped") == len(TABLES)


def test_the_threshold_that_is_asked_for_is_taken(data: Path, tmp_path: Path) -> None:
    weights = certain(1, tmp_path / "same.safetensors")
    for least, taken in ((186, "100.0000%"), (187, "0.0000%")):
        words = ("--weights", weights, "--only", "clean", "--threshold", least)
        assert f"| of pixels are taken for damage | {taken} |" in told(data, *words)


@pytest.mark.parametrize("kind", ["text", "denoiser"])
def test_other_weights_are_refused_in_a_line(kind: str, data: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"no weights")
    if kind == "denoiser":
        (wrong,) = tiny.denoiser_net(tmp_path).values()
    ran = CliRunner().invoke(main, ["--data", str(data), "--weights", str(wrong)])
    assert ran.exit_code == 1
    assert "holds no weights of this backend" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.usefixtures("package")
def test_weights_that_do_not_ship_are_told_of(data: Path) -> None:
    ran = CliRunner().invoke(main, ["--data", str(data)])
    assert ran.exit_code == 1
    assert isinstance(ran.exception, SystemExit)
    assert ran.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--data"),
        (["--data", ".", "--only", "clean,speed"], "no table 'speed'"),
        (["--data", ".", "--threshold", "0"], "--threshold"),
        (["--data", ".", "--threshold", "256"], "--threshold"),
        (["--data", "no/such/folder"], "--data"),
        (["--data", ".", "--weights", "no/such/file"], "--weights"),
    ],
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 2
    assert said in ran.stderr
