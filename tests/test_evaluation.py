from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from evaluate_colorizer import chosen
from evaluation import metrics, report
from evaluation.baselines import LIGHTNESS_BINS, ChromaStatistics, borrowed, partners
from evaluation.measure import (
    DEFAULT,
    GREY,
    MEAN,
    SAMPLE,
    Outputs,
    PhotoResult,
    compare,
)
from evaluation.metrics import Picture
from evaluation.sheet import HEIGHT, ROWS, Row, write_sheets
from restore.pipeline import Confidence

RANDOM = np.random.default_rng(7)


def drawn(height: int = 24, width: int = 32) -> Picture:
    """A picture of every hue, from dark to light."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    hue, light = 2 * np.pi * x / width, 60 + 130 * y / height
    channels = [light + 50 * np.cos(hue + shift) for shift in (0, 2.1, 4.2)]
    return np.stack(channels, axis=2).clip(0, 255).round().astype(np.uint8)


def statistics() -> ChromaStatistics:
    rows = tuple((float(k), -float(k)) for k in range(LIGHTNESS_BINS))
    return ChromaStatistics(("drawn",), 1, (3.0, -4.0), rows)


def test_psnr_of_a_known_error() -> None:
    truth = np.full((4, 5, 3), 100, np.uint8)
    assert metrics.psnr(truth + np.uint8(10), truth) == pytest.approx(28.1308, abs=1e-3)
    assert metrics.psnr(truth, truth) == float("inf")


def test_area_is_the_integral_of_the_curve_of_accuracy() -> None:
    error = torch.from_numpy(RANDOM.gamma(2, 12, 20_000))
    curve = [float((error <= threshold).double().mean()) for threshold in range(151)]
    assert metrics.accuracy_area(error) == pytest.approx(np.trapezoid(curve) / 1.5, abs=0.05)


@pytest.mark.parametrize(("error", "area"), [(0.0, 100), (75.0, 50), (150.0, 0), (300.0, 0)])
def test_area_of_a_constant_error(error: float, area: float) -> None:
    assert metrics.accuracy_area(torch.full((3, 3), error)) == pytest.approx(area)


def test_grey_has_no_colour_and_the_lightness_of_its_source() -> None:
    picture = drawn()
    grey = np.repeat(metrics.grey_of(picture), 3, axis=2)
    source, lab = metrics.lab_of(picture), metrics.lab_of(grey)
    assert metrics.colourfulness(grey) == 0
    assert float((lab[0] - source[0]).abs().max()) <= metrics.ONE_LEVEL
    assert float(lab[1:].abs().max()) < 0.01


def test_colourfulness_of_two_halves() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0] = 255, 0, 0
    # rg is 255 or 0, yb 127.5 or 0: deviations and means are half of those.
    half = np.hypot(127.5, 63.75)
    assert metrics.colourfulness(picture) == pytest.approx(1.3 * half)


def test_moved_lightness_counts_pixels_beyond_one_level() -> None:
    source = torch.zeros(3, 2, 2)
    moved = source.clone()
    moved[0, 0] = torch.tensor([0.39, -0.40])
    assert metrics.moved_lightness(moved, source) == 1


def test_statistics_of_two_flat_photos(tmp_path: Path) -> None:
    dark = np.full((2, 2, 3), (4, 138, 118), np.uint8)
    light = np.full((2, 2, 3), (252, 128, 148), np.uint8)
    fitted = ChromaStatistics.of([dark, light], ("drawn",))
    assert fitted.photos == 2
    assert fitted.mean == (5, 5)
    assert fitted.by_lightness[0] == (10, -10)
    assert fitted.by_lightness[-1] == (0, 20)
    fitted.write(tmp_path / "statistics.json")
    assert ChromaStatistics.read(tmp_path / "statistics.json") == fitted


def test_baselines_paint_what_the_statistics_say() -> None:
    lightness = torch.tensor([[0.0, 50.0, 100.0]])
    assert statistics().constant(lightness)[:, 0, 2].tolist() == [3, -4]
    assert statistics().per_lightness(lightness)[0, 0].tolist() == pytest.approx([0, 15.5, 31])


def test_borrowed_chroma_has_the_borrower_s_size() -> None:
    lab = torch.zeros(3, 8, 6)
    lab[1] = 5
    assert borrowed(lab, (3, 11)).shape == (2, 3, 11)
    assert bool((borrowed(lab, (3, 11))[0] == 5).all())


@pytest.mark.parametrize("count", [2, 3, 94])
def test_everyone_borrows_from_somebody_else(count: int) -> None:
    partner = partners(count)
    assert sorted(partner) == list(range(count))
    assert all(index != other for index, other in enumerate(partner))


def compared(noise: float) -> PhotoResult:
    """A photo whose mean is grey and whose samples are the truth with some noise."""
    truth = drawn()
    grey = metrics.grey_of(truth)
    plain = np.repeat(grey, 3, axis=2)
    samples = [
        (truth + noise * RANDOM.standard_normal(truth.shape)).clip(0, 255).astype(np.uint8)
        for _ in range(4)
    ]
    spread = torch.full((6, 8), 1.0 + noise)
    outputs = Outputs(
        plain, [truth, truth], samples, Confidence(8, spread, spread, 1, 0, lambda: grey)
    )
    return compare("drawn", truth, grey, outputs, statistics(), np.flipud(truth).copy())


def test_comparison_of_a_photo_with_itself() -> None:
    result = compared(noise=0)
    perfect, grey, mean = (result.scores[name] for name in (DEFAULT, GREY, MEAN))
    assert perfect.ciede2000 == pytest.approx(0, abs=1e-4)
    assert perfect.area == pytest.approx(100)
    assert mean == grey
    assert result.best_of_samples == pytest.approx(0, abs=1e-4)
    assert result.sample_diversity == result.default_diversity == pytest.approx(0, abs=1e-4)
    assert result.cells.spread.shape == result.cells.mean_error.shape == (48,)
    assert result.cells.mean_error.square().mean() > 100
    assert result.cells.result_error.max() < 1e-3
    json.dumps(result.summary())


def test_noise_shows_in_every_measure_of_samples() -> None:
    result = compared(noise=20)
    assert result.sample_diversity > result.best_of_samples > 1
    assert result.scores[SAMPLE].moved > 0
    assert result.scores[GREY].moved == 0


def test_tables_name_every_output_and_say_what_holds() -> None:
    results = [compared(noise=20), compared(noise=30)]
    table = report.accuracy_table(results)
    assert all(f"| {name} |" in table for name in results[0].scores)
    calibration = report.Calibration.of(results)
    bars = report.bars(results, calibration, samples=4)
    holds = {bar.what: bar.holds for bar in bars}
    assert not holds["PSNR of the mean above grey"]
    assert holds["best of 4, CIEDE2000 below grey"]
    assert not holds["pixels with L* moved by over 100/255"]
    assert report.bars_table(bars).count("\n") == len(bars) + 1
    assert "CIEDE2000" in report.diversity_line(results, calibration)


def test_sheets_hold_all_rows(tmp_path: Path) -> None:
    rows = [Row(f"photo {k}", [drawn(), metrics.grey_of(drawn())]) for k in range(ROWS + 1)]
    first, last = write_sheets(rows, ("colour", "grey"), tmp_path)
    with Image.open(first) as whole, Image.open(last) as rest:
        assert whole.width == rest.width
        assert whole.height > ROWS * HEIGHT > rest.height > HEIGHT


def test_chosen_photos_are_spread_over_the_folder(tmp_path: Path) -> None:
    for name in ("a.png", "b.JPG", "c.webp", "d.tif", "e.jpeg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in chosen(tmp_path, 3)] == ["a.png", "c.webp", "e.jpeg"]
    assert len(chosen(tmp_path, None)) == len(chosen(tmp_path, 50)) == 5
