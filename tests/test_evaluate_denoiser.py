from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import scene
from fakes import Smoother
from PIL import Image
from tiny import denoiser_net

from evaluate_denoiser import TABLES, main
from evaluation.denoising import classical, comparing, detector, pages, photographs, protocols
from evaluation.denoising import gaussian as gaussian_table
from evaluation.denoising import keep as keep_table
from evaluation.denoising import level as level_table
from evaluation.denoising import sheet as sheets
from evaluation.denoising.comparing import INPUT, Comparison
from evaluation.denoising.fakes import Knowing, Smearing
from evaluation.denoising.photographs import Photograph
from evaluation.denoising.product import denoised
from evaluation.denoising.spectra import BANDS, decibels, power
from evaluation.denoising.tables import Table, at_least, share, skipped
from evaluation.metrics import Picture, psnr
from restore.job import Denoising, Keep, NoiseKind
from restore.routes import Route

DATA = Path(__file__).parents[2] / "shared/data/eval"
FORCED = Denoising(noise=NoiseKind.GAUSSIAN, keep=Keep.NONE)


def drawn(height: int = 80, width: int = 96, seed: int = 0) -> Picture:
    """A coloured scene with some texture."""
    grey = scene(height, width, seed).astype(np.int16)
    return np.stack([grey, grey - 20, 235 - grey], axis=2).clip(0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clean photos whose names sort otherwise as numbers."""
    path = tmp_path / "clean"
    path.mkdir()
    for seed, name in enumerate(("12.png", "110.png")):
        Image.fromarray(drawn(seed=seed)).save(path / name)
    return path


def pair(folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    Image.fromarray(drawn()).save(folder / f"{name}_mean.png")
    noisy = protocols.with_gaussian(drawn(), 8, 0)
    Image.fromarray(noisy).save(folder / f"{name}_real.png")


def test_photos_are_sorted_as_strings_and_seeded_by_their_place(folder: Path) -> None:
    (folder / "notes.txt").touch()
    found = photographs.photographs(folder)
    assert [(photo.name, photo.seed) for photo in found] == [("110", 0), ("12", 1)]
    last = photographs.own(folder, None).limited(1).photos
    assert [photo.seed for photo in last] == [0]


def test_a_photo_keeps_its_seed_when_others_are_left_out() -> None:
    photos = [Photograph(Path(f"{index}.png"), index) for index in range(9)]
    assert [photo.seed for photo in photographs.evenly(photos, 3)] == [0, 4, 8]
    assert photographs.evenly(photos, 20) is photos


def test_pairs_need_both_files(tmp_path: Path) -> None:
    pair(tmp_path / "pairs", "a_1")
    Image.fromarray(drawn()).save(tmp_path / "pairs" / "b_real.png")
    (found,) = photographs.pairs(tmp_path / "pairs")
    assert (found.name, found.noisy.name, found.clean.name) == (
        "a_1",
        "a_1_real.png",
        "a_1_mean.png",
    )


def test_absent_folders_are_empty_sets(tmp_path: Path) -> None:
    sets = photographs.standard(tmp_path)
    found = [sets.gaussian, sets.photos, sets.clean, sets.pairs, sets.worn]
    assert not any(found)


def test_gaussian_noise_is_the_published_protocol() -> None:
    clean = drawn()
    normal = np.random.default_rng(3).standard_normal(clean.shape)
    expected = np.round(np.clip(clean + 25 * normal, 0, 255))
    assert np.array_equal(protocols.with_gaussian(clean, 25, 3), expected)
    assert 20 < protocols.clipped_sigma(clean, 25, 3) < 25.5


@pytest.mark.skipif(not (DATA / "cbsd68").is_dir(), reason="no evaluation photos here")
def test_the_published_photos_with_noise_measure_as_published() -> None:
    photos = photographs.standard(DATA).gaussian
    assert (photos[0].name, photos[-2].name, photos[-1].name) == ("101085", "119082", "12084")
    for sigma, published in zip(protocols.GAUSSIAN_SIGMAS, (24.8, 20.5, 15.0), strict=True):
        measured = [
            psnr(protocols.with_gaussian(photo.pixels(), sigma, photo.seed), photo.pixels())
            for photo in photos
        ]
        assert np.mean(measured) == pytest.approx(published, abs=0.1)


def test_sensor_noise_is_the_seed_s_own_and_grows_with_the_level() -> None:
    clean = protocols.even(drawn(81, 97))
    assert clean.shape == (80, 96, 3)
    found = [psnr(protocols.with_sensor(clean, of, 1), clean) for of in protocols.SENSOR_LEVELS]
    assert found == sorted(found, reverse=True)
    low = protocols.SENSOR_LEVELS[0]
    once, again, other = (protocols.with_sensor(clean, low, seed) for seed in (1, 1, 2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_every_kind_of_noise_changes_a_photo_but_clean() -> None:
    clean = drawn()
    for kind in protocols.KINDS:
        changed = [not np.array_equal(kind.added(clean, seed), clean) for seed in range(3)]
        assert all(changed) == any(changed) == (kind.name != "clean")
    assert {kind.route for kind in protocols.KINDS} == set(Route)


def test_salt_and_pepper_loses_the_share_that_was_asked_for() -> None:
    lost = protocols.with_salt_and_pepper(np.full((200, 200, 3), 128, np.uint8), 0.1, 0)
    assert np.mean(lost[..., 0] != 128) == pytest.approx(0.1, abs=0.01)
    assert set(np.unique(lost)) == {0, 128, 255}


def test_filters_remove_noise_and_leave_colours_in_place() -> None:
    pytest.importorskip("cv2")
    red = np.full((40, 40, 3), (200, 40, 60), np.uint8)
    noisy = protocols.with_gaussian(red, 8, 0)
    for filter_ in (
        classical.NonLocalMeans(10, 10),
        classical.Bilateral(45, 2),
        classical.Median(5),
    ):
        cleaned = filter_(noisy)
        assert cleaned.shape == red.shape
        assert cleaned.dtype == np.uint8
        assert psnr(cleaned, red) > psnr(noisy, red) + 3


def test_the_grid_is_told_in_full() -> None:
    pytest.importorskip("cv2")
    said = classical.described(classical.usable(classical.GRID))
    assert all(f"{value:g}" in said for value in (*classical.STRENGTHS, *classical.COLOURS))
    assert len(set(map(classical.label, classical.GRID))) == len(classical.GRID)


def test_without_opencv_the_table_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classical, "find_spec", lambda name: None)
    table = gaussian_table.measure(photographs.photographs(folder), Smoother())
    assert classical.ABSENT in table.markdown()
    assert "non-local" not in table.markdown()


def test_the_setting_that_is_best_on_average_wins() -> None:
    one, two, other = classical.Median(3), classical.Median(5), classical.Bilateral(10, 1)
    filters: tuple[classical.Filter, ...] = (one, two, other)
    scores = ((30.0, 20.0), (26.0, 26.0), (24.0, 24.0))
    results = [
        Comparison(
            str(photo),
            {
                classical.label(filter_): of[photo]
                for filter_, of in zip(filters, scores, strict=True)
            },
            untouched=False,
        )
        for photo in range(2)
    ]
    assert comparing.best(results, filters) == {"median": two, "bilateral": other}
    assert comparing.strongest(results, filters) == 26
    assert comparing.strongest(results, ()) is None


def test_a_perfect_denoiser_scores_without_error() -> None:
    clean = drawn()
    noisy = protocols.with_gaussian(clean, 20, 0)
    result = comparing.compare(Knowing(clean), "drawn", noisy, clean, {"ours": FORCED}, ())
    assert result.psnr["ours"] == float("inf")
    assert result.psnr[INPUT] == psnr(noisy, clean)
    assert not result.untouched


def test_smearing_takes_detail() -> None:
    picture = pages.printed(15, seed=0)[:96, :96]
    smeared = denoised(Smearing(), picture, FORCED)
    assert psnr(smeared.pixels, picture) < 25
    assert not smeared.untouched


def test_pages_are_alike_for_a_seed_and_hold_ink() -> None:
    page = pages.printed(15, seed=1)
    assert np.array_equal(page, pages.printed(15, seed=1))
    assert not np.array_equal(page, pages.printed(15, seed=2))
    assert 0.03 < np.mean(page[..., 0] < 140) < 0.4
    assert np.all(pages.blank() == pages.PAPER)


def test_removed_text_is_told_from_removed_noise(folder: Path) -> None:
    table = keep_table.measure(photographs.photographs(folder)[:1], Smoother())
    held = {bar.what: bar.holds for bar in table.bars}
    assert held[f"{keep_table.NOISE}: random"]
    assert held[f"{keep_table.TEXT}: random"]


def test_white_noise_has_its_variance_in_every_band() -> None:
    noise = 6 * np.random.default_rng(0).standard_normal((256, 200, 1)).repeat(3, axis=2)
    found = power(noise)
    assert found.shape == (BANDS,)
    assert found[1:] == pytest.approx(np.full(BANDS - 1, 36.0), rel=0.2)
    assert decibels(4 * found, found) == pytest.approx(np.full(BANDS, 6.02), abs=0.01)


def test_a_wave_is_in_the_band_of_its_frequency() -> None:
    wave = np.cos(2 * np.pi * 0.3 * np.arange(128))[None, :, None].repeat(128, 0).repeat(3, 2)
    assert int(power(wave).argmax()) == int(0.3 * 2 * BANDS)


def test_levels_of_a_backend_that_knows_them(folder: Path) -> None:
    known = Smoother()
    known.level = 20 / 255
    table = level_table.measure(photographs.photographs(folder), known)
    row = next(row for row in table.rows if row[0] == "25")
    assert row[2:4] == ["20.0", "20.0%"]
    assert [bar.holds for bar in table.bars] == [False, False]


def test_the_detector_s_mistakes_are_off_the_diagonal(folder: Path) -> None:
    table = detector.measure(photographs.photographs(folder), Smoother())
    assert [row[0] for row in table.rows] == [kind.name for kind in protocols.KINDS]
    assert all(sum(int(cell) for cell in row[1:-1]) == 2 for row in table.rows)
    clean = table.rows[0]
    assert clean[1] == "0"  # ten levels of noise are found in everything
    assert clean[-1] == "0 of 2"
    assert not table.bars[-1].holds


def test_crops_are_where_the_result_is_worst() -> None:
    error = np.zeros((600, 700))
    error[400:420, 500:520] = 1
    top, left = sheets.farthest(error)
    assert 420 - sheets.SIDE <= top <= 400
    assert 520 - sheets.SIDE <= left <= 500
    assert sheets.farthest(np.ones((20, 30))) == (0, 0)


def test_tables_show_rows_notes_and_what_holds() -> None:
    bars = [at_least("gain", 2.5, 2, 3, unit=" dB"), share("random", 0.7, 0.6, at_most=True)]
    text = Table("Title", ["a", "b"], [["1", "2"]], bars, ["A note."]).markdown()
    assert text.startswith("## Title\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nA note.")
    assert "| gain | 2.50 dB | 2 dB (trained on a GPU 3 dB: no) | yes |" in text
    assert "| random | 70.0% | 60% or less | no |" in text
    assert "Skipped" in skipped("Title").markdown()


def test_all_tables_of_own_folders(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = (classical.NonLocalMeans(5, 5), classical.Bilateral(20, 1), classical.Median(3))
    monkeypatch.setattr(classical, "GRID", few)
    monkeypatch.setattr(classical, "MEANS", few[:1])
    pair(tmp_path / "pairs", "a")
    (weights,) = denoiser_net(tmp_path).values()
    numbers, sheet = tmp_path / "numbers.json", tmp_path / "sheet.png"
    words = ["--clean", folder, "--pairs", tmp_path / "pairs", "--weights", weights]
    words += ["--limit", 1, "--json", numbers, "--sheet", sheet]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n## ") == len(TABLES) - 1
    assert "Skipped" not in result.stdout
    assert list(json.loads(numbers.read_text())) == list(TABLES)
    with Image.open(sheet) as image:
        assert image.width > 4 * sheets.SIDE
        assert image.height > 5 * sheets.SIDE


def test_tables_without_photographs_are_skipped(tmp_path: Path) -> None:
    (weights,) = denoiser_net(tmp_path).values()
    empty = tmp_path / "empty"
    empty.mkdir()
    result = CliRunner().invoke(main, ["--data", str(empty), "--weights", str(weights)])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("Skipped") == len(TABLES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--data"),
        (["--data", ".", "--clean", "."], "--data"),
        (["--data", ".", "--only", "gaussian,speed"], "no table 'speed'"),
        (["--data", ".", "--limit", "0"], "--limit"),
    ],
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert said in result.stderr
