from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from restore.resample import Overview, Resized, Weights, area_weights, cubic_weights, strips

PAIRS = [(1, 1), (1, 9), (9, 1), (7, 100), (100, 7), (64, 64), (3000, 128), (129, 128)]


def dense(weights: Weights, inputs: int) -> Tensor:
    first, block = weights.block(0, len(weights.taps))
    matrix = torch.zeros(len(block), inputs)
    matrix[:, first : first + block.shape[1]] = block
    return matrix


def ramp(generator_seed: int, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(generator_seed))


@pytest.mark.parametrize(("inputs", "outputs"), PAIRS)
@pytest.mark.parametrize("weights", [area_weights, cubic_weights])
def test_a_constant_stays(weights, inputs: int, outputs: int) -> None:  # type: ignore[no-untyped-def]
    matrix = dense(weights(inputs, outputs), inputs)
    torch.testing.assert_close(matrix.sum(1), torch.ones(outputs))


@pytest.mark.parametrize("weights", [area_weights, cubic_weights])
def test_the_same_size_is_the_identity(weights) -> None:  # type: ignore[no-untyped-def]
    torch.testing.assert_close(dense(weights(12, 12), 12), torch.eye(12))


def test_whole_multiples_are_plain_means() -> None:
    plane = ramp(0, 1, 60)
    small = area_weights(60, 12).along_rows(plane)
    torch.testing.assert_close(small, plane.unflatten(1, (12, 5)).mean(2))


def test_area_keeps_the_mean_at_any_ratio() -> None:
    plane = ramp(1, 1, 101)
    small = area_weights(101, 13).along_rows(plane)
    torch.testing.assert_close(small.mean(), plane.mean())


def test_enlarging_by_area_is_linear_interpolation() -> None:
    plane = ramp(2, 1, 1, 7)
    expected = torch.nn.functional.interpolate(plane, 100, mode="linear", align_corners=False)
    torch.testing.assert_close(area_weights(7, 100).along_rows(plane), expected)


def test_enlarging_by_cubic_is_catmull_rom() -> None:
    """Which meets every sample and has the slope of its neighbours' chord there."""
    plane = ramp(3, 1, 9)
    large = cubic_weights(9, 9 * 101).along_rows(plane)[0]
    middles = large[50::101]
    torch.testing.assert_close(middles, plane[0])
    slope = (large[51::101] - large[49::101])[1:-1] * (101 / 2)
    torch.testing.assert_close(slope, (plane[0, 2:] - plane[0, :-2]) / 2, atol=5e-3, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 4), (90, 211), (400, 30)])
def test_resized_rows_are_rows_of_the_whole(size: tuple[int, int]) -> None:
    maps = ramp(4, 3, 8, 11)
    resized = Resized(maps, size)
    vertical, across = (
        dense(cubic_weights(8, size[0]), 8),
        dense(cubic_weights(11, size[1]), 11),
    )
    whole = vertical @ maps @ across.T
    parts = [resized.rows(top, min(top + 7, size[0])) for top in range(0, size[0], 7)]
    assert all(part.shape[0] == 3 and part.shape[2] == size[1] for part in parts)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (64, 64), (301, 97), (1000, 3)])
@pytest.mark.parametrize("small", [(1, 1), (32, 48)])
def test_an_overview_is_the_average_of_the_whole(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    plane = ramp(5, *size)
    overview = Overview(size, small)
    for top in range(0, size[0], 13):
        overview.add(top, plane[top : top + 13])
    vertical, across = (
        dense(area_weights(size[0], small[0]), size[0]),
        dense(area_weights(size[1], small[1]), size[1]),
    )
    torch.testing.assert_close(overview.result(), vertical @ plane @ across.T, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 10**6), (10**6, 1), (3000, 4000)])
def test_strips_cover_each_row_once(size: tuple[int, int]) -> None:
    cut = list(strips(*size))
    assert cut[0][0] == 0
    assert cut[-1][1] == size[0]
    assert all(one[1] == other[0] for one, other in pairwise(cut))
    assert all(top < bottom for top, bottom in cut)
    assert len({bottom - top for top, bottom in cut[:-1]}) <= 1


def test_an_extreme_photo_needs_no_dense_matrix() -> None:
    weights = area_weights(10**6, 4096)
    assert weights.values.numel() < 2 * 10**6
    assert weights.along_rows(torch.ones(1, 10**6)).sub(1).abs().max() < 1e-4
