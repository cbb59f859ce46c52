from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench_colorize import loaded
from benching.child import imported, peak_memory
from benching.photographs import DISTINCT, main, photograph
from benching.processes import Report, fastest
from benching.rows import Row


def test_drawn_photographs_have_detail_at_every_scale() -> None:
    picture = photograph(160, 120, seed=1).astype(np.float64)
    assert picture.shape == (120, 160)
    fine = np.abs(np.diff(picture, axis=1)).mean()
    coarse = picture.reshape(4, 30, 4, 40).mean((1, 3)).std()
    assert fine > 3
    assert coarse > 15


def test_drawn_photographs_are_grey_files_and_repeat(tmp_path: Path) -> None:
    main(32, 24, DISTINCT + 1, tmp_path / "new")
    paths = sorted((tmp_path / "new").iterdir())
    assert len(paths) == DISTINCT + 1
    assert paths[0].read_bytes() == paths[DISTINCT].read_bytes() != paths[1].read_bytes()
    with Image.open(paths[0]) as image:
        assert (image.mode, image.size) == ("L", (32, 24))


@pytest.mark.parametrize(("value", "end"), [(300, "| 0.75 | yes |"), (500, "| 1.25 | no |")])
def test_a_row_says_whether_it_holds(value: float, end: str) -> None:
    row = str(Row("1 MP", value, 400, " GFLOP", "3 s"))
    assert row == f"| 1 MP | {value} GFLOP (3 s) | 400 GFLOP {end}"


def test_banned_modules_are_counted_by_package() -> None:
    row = loaded("help", ["torch.nn", "torch", "click"], ("torch", "numpy"))
    assert row.value == 1
    assert str(row).endswith("| 1 (torch) | 0 | - | no |")


def test_a_report_counts_work_in_matrix_products() -> None:
    report = Report(wall=3, cpu=2, peak=1, modules=[], sgemm=130, said="")
    assert report.gflop == 260


def test_this_process_has_imported_and_grown() -> None:
    assert {"json", "numpy"} <= set(imported())
    assert "sys" not in imported()
    assert peak_memory() > 10_000_000


def test_fresh_processes_are_timed() -> None:
    quick, slow = fastest([["-c", "pass"], ["-c", "import time; time.sleep(0.3)"]], 1)
    assert slow > 0.3
    assert quick > 0
