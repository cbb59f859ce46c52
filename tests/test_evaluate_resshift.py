from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import scene
from PIL import Image
from tiny import pixel_net

from evaluate_resshift import TABLES, main
from evaluation.denoising import classical, comparing, photographs
from evaluation.denoising.comparing import Comparison
from evaluation.denoising.photographs import Photograph
from evaluation.denoising.product import loaded
from evaluation.metrics import Picture, psnr
from evaluation.restoring import blind, enlarging, filling, filters, looking, product
from evaluation.restoring.holes import SHARE, SIZES, WIDTHS, Mask, holes
from evaluation.restoring.looking import View
from evaluation.restoring.product import Cleaned, Restorer, mean_of
from evaluation.restoring.reducing import cropped, reduced
from evaluation.restoring.worn import Wear, worn
from restore.masks import groups_of
from restore.photo import Pixels
from restore.routes import Route


def drawn(height: int = 80, width: int = 96, seed: int = 0) -> Picture:
    """A coloured scene with some texture."""
    grey = scene(height, width, seed).astype(np.int16)
    return np.stack([grey, grey - 20, 235 - grey], axis=2).clip(0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, one of them of sides that no scale divides."""
    path = tmp_path / "photos"
    path.mkdir()
    Image.fromarray(drawn(seed=0)).save(path / "a.png")
    Image.fromarray(drawn(83, 97, seed=1)).save(path / "b.png")
    return path


@pytest.fixture
def photos(folder: Path) -> Sequence[Photograph]:
    return photographs.photographs(folder)


@pytest.fixture
def restorer(tmp_path: Path) -> Restorer:
    return Restorer.of(pixel_net(tmp_path)["tiny"], samples=2)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rivals: the grid takes its time."""
    pytest.importorskip("cv2")
    monkeypatch.setattr(filters, "GRID", (classical.Median(3), *filters.GAUSSIANS[:2]))


class Knowing(Restorer):
    """Answers with the photos that it was told, whatever it is shown."""

    told: Sequence[Photograph] = ()

    def _truth(self, height: int, width: int) -> Picture:
        found = [cropped(photo.pixels(), 1)[:height, :width] for photo in self.told]
        return next(one for one in found if one.shape[:2] == (height, width))

    def cleaned(self, picture: Picture) -> Cleaned:
        return Cleaned([self._truth(*picture.shape[:2])] * self.samples, Route.NETWORK)

    def filled(self, pixels: Pixels, mask: Mask, samples: int | None = None) -> list[Pixels]:
        if pixels.dtype == np.uint16:
            return [pixels]
        return [self._truth(*pixels.shape[:2])] * self.samples

    def enlarged(self, picture: Picture, scale: int) -> list[Picture]:
        height, width = picture.shape[:2]
        return [self._truth(scale * height, scale * width)] * self.samples


class Meddling(Knowing):
    """Changes one pixel in a corner, by one."""

    def filled(self, pixels: Pixels, mask: Mask, samples: int | None = None) -> list[Pixels]:
        filled = pixels.copy()
        filled[-1, -1, 0] ^= 1
        return [pixels, filled][-(samples or 2) :]


def knowing(kind: type[Knowing], photos: Sequence[Photograph]) -> Knowing:
    one = kind(Path(), 2)
    object.__setattr__(one, "told", photos[:1])
    return one


def test_the_chain_is_the_one_that_was_fixed() -> None:
    first = Wear.drawn(np.random.default_rng(0))
    assert first.quality == 48
    found = (first.blur, first.factor, first.noise, first.light)
    assert found == pytest.approx((1.23696, 0.70791, 5.81947, 0.01653), abs=1e-5)


def test_wear_stays_within_what_it_says() -> None:
    drawn = [Wear.drawn(np.random.default_rng(seed)) for seed in range(300)]
    for name, low, high in (
        ("blur", 0.6, 1.6),
        ("factor", 0.6, 1),
        ("noise", 5, 25),
        ("light", 0, 1),
        ("quality", 40, 85),
    ):
        values = [getattr(wear, name) for wear in drawn]
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high >= max(values) > high - 0.05 * (high - low)


def test_a_worn_photo_is_the_seed_s_own_and_worse() -> None:
    clean = drawn(83, 97)
    once, again, other = (worn(clean, seed) for seed in (1, 1, 2))
    assert once.shape == clean.shape
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert 12 < psnr(once, clean) < 32


def test_holes_cover_their_share_and_are_the_seed_s_own() -> None:
    masks = [holes(512, 768, seed) for seed in range(3)]
    assert all(SHARE <= mask.mean() < SHARE + 0.008 for mask in masks)
    assert np.array_equal(masks[1], holes(512, 768, 1))
    assert not np.array_equal(masks[1], masks[2])


def test_holes_are_lines_and_blobs() -> None:
    groups = groups_of(holes(512, 768, 1))
    length = groups.stop - groups.start
    area = np.bincount(groups.group, length)
    left = np.full(groups.count, 10**6)
    right = np.zeros(groups.count)
    np.minimum.at(left, groups.group, groups.start)
    np.maximum.at(right, groups.group, groups.stop)
    top = np.full(groups.count, 10**6)
    bottom = np.zeros(groups.count)
    np.minimum.at(top, groups.group, groups.row)
    np.maximum.at(bottom, groups.group, groups.row + 1)
    longest = np.maximum(right - left, bottom - top)
    small = longest <= SIZES[1] + 1
    assert small.sum() > 20
    assert area[small].max() <= np.pi / 4 * (SIZES[1] + 1) ** 2
    lines = longest > 76
    assert lines.sum() >= 2
    crossed = 4  # lines and blobs may be one group
    assert np.all(area[lines] < crossed * (WIDTHS[1] + 1) * 1.6 * longest[lines])


def test_reducing_aliases_nothing() -> None:
    checks = (np.indices((16, 24)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    small = reduced(checks, 4)
    assert small.shape == (4, 6, 3)
    assert abs(small.astype(int) - 127).max() < 12
    assert cropped(drawn(83, 97), 4).shape == (80, 96, 3)


def test_the_mean_of_samples_is_rounded_not_cut() -> None:
    one, other = np.full((2, 2, 3), 255, np.uint8), np.full((2, 2, 3), 252, np.uint8)
    assert np.all(mean_of([one, one, other]) == 254)
    assert mean_of([one, other]).dtype == np.uint8


def test_deep_pixels_have_bits_to_lose() -> None:
    deep = filling.deepened(drawn(), 0)
    assert deep.dtype == np.uint16
    assert np.array_equal(deep >> 8, drawn())
    assert len(np.unique(deep & 255)) == 256


def test_changes_are_counted_outside_the_mask_alone() -> None:
    before, mask = drawn(), np.zeros((80, 96), bool)
    after = before.copy()
    mask[:10] = True
    after[5, 5] ^= 1
    assert filling.changes(before, after, mask) == 0
    after[20, 5] ^= 1
    assert filling.changes(before, after, mask) == 1


def test_classical_filling_fills_and_touches_nothing_else() -> None:
    pytest.importorskip("cv2")
    clean, mask = drawn(), holes(80, 96, 0)
    left = np.where(mask[..., None], np.uint8(255), clean)
    for way in (filters.Telea(3), filters.NavierStokes(3)):
        filled = way(left, mask)
        assert filling.changes(left, filled, mask) == 0
        assert psnr(filled[mask], clean[mask]) > psnr(left[mask], clean[mask]) + 5


def test_unsharp_masking_follows_the_denoiser() -> None:
    pytest.importorskip("cv2")
    means = classical.NonLocalMeans(6, 6)
    step = np.full((24, 24, 3), 90, np.uint8)
    step[:, 12:] = 160
    sharp = filters.Sharpened(means, 1, 1)(step)
    assert int(sharp.max()) > 165
    assert int(sharp.min()) < 85
    blurred = filters.Gaussian(1)(step)
    assert np.ptp(blurred[12, 10:14].astype(int)) < 70


def test_filters_that_begin_alike_give_what_they_give_alone() -> None:
    pytest.importorskip("cv2")
    means, picture = classical.NonLocalMeans(6, 6), worn(drawn(32, 40), 0)
    tried = (means, filters.Sharpened(means, 1, 0.5), classical.Median(3))
    found = list(filters.applied(tried, picture))
    assert [filter_ for filter_, _ in found] == list(tried)
    assert all(np.array_equal(cleaned, filter_(picture)) for filter_, cleaned in found)


def test_every_setting_has_its_own_name_and_is_told() -> None:
    settings = [*map(classical.label, filters.GRID), *map(classical.label, filters.FILLINGS)]
    assert len(set(settings)) == len(settings)
    said = filters.described()
    told = (*filters.SIGMAS, *filters.STRENGTHS, *filters.AMOUNTS)
    assert all(f"{value:g}" in said for value in told)


def test_the_best_setting_of_the_best_method_wins() -> None:
    one, other = filters.Telea(3), filters.NavierStokes(5)
    scores = {classical.label(one): 20.0, classical.label(other): 21.0}
    results = [Comparison("a", scores, untouched=False)]
    assert comparing.winner(results, (one, other)) == other
    assert comparing.winner(results, ()) is None


def test_samples_differ_and_the_first_is_the_same_whatever_the_count(restorer: Restorer) -> None:
    left = worn(drawn(), 0)
    one, other = restorer.cleaned(left).samples
    assert not np.array_equal(one, other)
    alone = Restorer(restorer.file, 1)
    assert np.array_equal(alone.cleaned(left).samples[0], one)


def test_filling_through_the_product_touches_nothing_else(restorer: Restorer) -> None:
    mask = holes(80, 96, 0)
    for pixels in (drawn(), filling.deepened(drawn(), 0)):
        samples = restorer.filled(pixels, mask)
        assert len(samples) == 2
        assert all(filling.changes(pixels, sample, mask) == 0 for sample in samples)
        assert not np.array_equal(samples[0], samples[1])


def test_enlarging_through_the_product_has_the_scale_that_was_asked_for(
    restorer: Restorer,
) -> None:
    for scale in (2, 4):
        first, _ = restorer.enlarged(drawn(20, 24), scale)
        assert first.shape == (20 * scale, 24 * scale, 3)


@pytest.mark.usefixtures("few")
def test_a_perfect_restorer_reaches_every_bar(photos: Sequence[Photograph]) -> None:
    perfect = knowing(Knowing, photos)
    tables = [
        blind.measure(photos[:1], perfect, loaded(None)).table,
        filling.measure(photos[:1], perfect).table,
        enlarging.measure(photos[:1], perfect).table,
    ]
    assert [len(table.bars) for table in tables] == [3, 4, 4]
    assert all(bar.holds for table in tables for bar in table.bars)


@pytest.mark.usefixtures("few")
def test_a_pixel_changed_outside_a_hole_is_found(photos: Sequence[Photograph]) -> None:
    table = filling.measure(photos[:1], knowing(Meddling, photos)).table
    bars = {bar.what: bar for bar in table.bars}
    for bits in (8, 16):
        assert bars[f"pixels changed outside, {bits} bits"].value == "1"
        assert not bars[f"pixels changed outside, {bits} bits"].holds


def test_crops_are_where_the_mean_is_worst() -> None:
    truth = np.zeros((600, 700, 3), np.uint8)
    mean = truth.copy()
    mean[400:420, 500:520] = 200
    row = View("a", [truth, truth, mean, truth, truth]).row()
    assert [crop.shape for crop in row.crops] == [(256, 256, 3)] * 5
    assert int(row.crops[2].sum()) == 3 * 400 * 200
    assert looking.sheet([View("a", [truth, truth, mean, truth, truth])]).width > 6 * 256


@pytest.mark.usefixtures("few")
def test_all_tables_of_a_folder(folder: Path, tmp_path: Path) -> None:
    (weights,) = pixel_net(tmp_path).values()
    numbers, sheet = tmp_path / "numbers.json", tmp_path / "sheet.png"
    words = ["--data", folder, "--weights", weights, "--samples", 2]
    words += ["--json", numbers, "--sheet", sheet]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("## ") == len(TABLES)
    assert "pixels changed outside, 16 bits | 0 | 0 | yes |" in result.stdout
    found = json.loads(numbers.read_text())
    assert list(found) == list(TABLES)
    assert [photo["name"] for photo in found["restore"]["photos"]] == ["a", "b"]
    with Image.open(sheet) as image:
        assert image.height > (2 + 2 + 2 * 2) * 256


@pytest.mark.usefixtures("few")
def test_a_photo_keeps_its_seed_when_others_are_left_out(
    photos: Sequence[Photograph], restorer: Restorer
) -> None:
    both = filling.measure(photos, restorer).table.numbers["photos"]
    last = filling.measure(photos[1:], restorer).table.numbers["photos"]
    assert isinstance(both, list)
    assert isinstance(last, list)
    assert both[1] == last[0]


def test_tables_without_photographs_are_skipped(tmp_path: Path) -> None:
    (weights,) = pixel_net(tmp_path).values()
    empty = tmp_path / "empty"
    empty.mkdir()
    result = CliRunner().invoke(main, ["--data", str(empty), "--weights", str(weights)])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Skipped") == len(TABLES)


def test_other_weights_are_refused_in_a_line(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"no weights")
    result = CliRunner().invoke(main, ["--data", str(folder), "--weights", str(wrong)])
    assert result.exit_code == 1
    assert "holds no weights of this backend" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--data"),
        (["--data", ".", "--only", "fill,speed"], "no table 'speed'"),
        (["--data", ".", "--photos", "0"], "--photos"),
        (["--data", ".", "--samples", "0"], "--samples"),
    ],
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_backend_is_loaded_once(restorer: Restorer) -> None:
    before = product._loaded.cache_info().misses
    restorer.filled(drawn(32, 32), holes(32, 32, 0), samples=1)
    restorer.filled(drawn(32, 32), holes(32, 32, 1), samples=1)
    assert product._loaded.cache_info().misses == before + 1
