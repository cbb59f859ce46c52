"""How a photo is shown to a backend and taken back, and levels under a window of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import scene

from restore import color
from restore.backend import Task
from restore.photo import Photo
from restore.pipeline import views
from restore.pipeline.views import under_levels

SPACE = color.RgbSpace(color.SRGB.matrix.roll(1, dims=1))  # its red is sRGB's blue


# Under a window


def cells_of(rows: int = 9, columns: int = 13) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).random((3, rows, columns), np.float32))


@pytest.mark.parametrize(
    "window", [(0, 72, 0, 104), (0, 16, 0, 16), (8, 40, 16, 99), (3, 71, 5, 6), (64, 67, 97, 100)]
)
def test_a_window_shows_what_the_whole_shows_there(window: tuple[int, int, int, int]) -> None:
    cells = cells_of()
    top, bottom, left, right = window
    whole = under_levels(cells, 8, 0, 72, 0, 104)
    assert whole.shape == (3, 72, 104)
    part = under_levels(cells, 8, top, bottom, left, right)
    torch.testing.assert_close(part, whole[:, top:bottom, left:right], atol=1e-6, rtol=0)


def test_neighbouring_windows_meet_without_a_step() -> None:
    cells = cells_of()
    left, right = (under_levels(cells, 8, 0, 72, *edges) for edges in ((0, 48), (48, 104)))
    joined = torch.cat([left, right], 2)
    # Linear between middles of cells: no step is more than an eighth of the largest.
    most = (cells[..., 1:] - cells[..., :-1]).abs().max() / 8
    assert joined.diff(dim=2).abs().max() <= most + 1e-6


def test_a_ramp_stays_a_ramp_and_goes_on_level_at_the_edges() -> None:
    ramp = torch.arange(6.0).expand(3, 4, 6)
    shown = under_levels(ramp, 8, 0, 32, 0, 48)
    place = (torch.arange(48) + 0.5) / 8 - 0.5
    torch.testing.assert_close(shown, place.clamp(0, 5).expand(3, 32, 48))


def test_one_cell_is_one_level() -> None:
    shown = under_levels(torch.tensor([[[0.25]]]), 8, 0, 5, 0, 3)
    assert torch.equal(shown, torch.full((1, 5, 3), 0.25))


# Views


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_files_own_numbers_come_back(channels: int, dtype: type) -> None:
    top = int(np.iinfo(dtype).max)
    values = np.random.default_rng(0).integers(0, top, (9, 11, channels), dtype, endpoint=True)
    before = torch.from_numpy(values)
    view = views.view_of(Photo(values, "PNG", space=SPACE), Task.DENOISE)
    picture = view.picture(before)
    assert picture.shape == (3, 9, 11)
    torch.testing.assert_close(picture[0], before[..., 0].int() / top)  # whatever its space
    after = view.pixels(picture, before)
    assert after.dtype == before.dtype
    assert torch.equal(after.int(), before.int())


def test_an_encoded_answer_is_clipped_and_grey_is_the_mean() -> None:
    before = torch.zeros(1, 2, 3, dtype=torch.uint8)
    answer = torch.tensor([[[1.5, 0.3]], [[-0.5, 0.3]], [[0.5, 0.9]]])
    coloured = views.Encoded(3).pixels(answer, before)
    assert coloured.tolist() == [[[255, 0, 128], [76, 76, 230]]]
    grey = views.Encoded(1).pixels(answer, before[..., :1])
    assert grey.tolist() == [[[128], [128]]]


def test_each_task_has_its_view() -> None:
    photo = Photo(np.zeros((4, 4, 1), np.uint8), "PNG", space=SPACE)
    assert views.view_of(photo, Task.COLORIZE) == views.Lightness(SPACE)
    assert views.view_of(photo, Task.DENOISE) == views.Encoded(1)
    assert views.view_of(photo, Task.UPSCALE) == views.Encoded(1)
    assert views.view_of(photo, Task.DENOISE).channels == 1


def test_only_colour_is_taken_by_the_view_of_lightness() -> None:
    before = torch.from_numpy(scene(12, 16)[..., None].repeat(3, -1))
    view = views.Lightness(color.SRGB)
    shown = view.picture(before)
    torch.testing.assert_close(shown, shown[:1].expand(3, -1, -1), atol=1e-4, rtol=0)
    brown = torch.tensor([0.6, 0.4, 0.2])[:, None, None].expand(3, 12, 16)
    after = view.pixels(brown, before)
    assert (after[..., 0] > after[..., 2]).all()
    change = color.lightness(after, color.SRGB) - color.lightness(before, color.SRGB)
    assert change.abs().max() < 0.5
    black = view.pixels(torch.zeros(3, 12, 16), before)
    assert (black.int() - before.int()).abs().max() <= 1
