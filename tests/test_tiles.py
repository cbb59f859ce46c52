"""Windows and tiles: every pixel once, with its context, in as few looks as can be."""

from __future__ import annotations

import doctest
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import backend, tiles
from restore.tiles import grid, smallest_tile, windows


@st.composite
def axes(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Return length, tile, overlap, multiple_of."""
    multiple = draw(st.integers(1, 64))
    overlap = draw(st.integers(0, 200))
    tile = smallest_tile(overlap, multiple) + multiple * draw(st.integers(0, 20))
    return draw(st.integers(1, 5000)), tile, overlap, multiple


@given(axes())
def test_cores_partition_the_axis(axis: tuple[int, int, int, int]) -> None:
    cut = windows(*axis)
    assert cut[0].core_start == 0
    assert cut[-1].core_stop == axis[0]
    assert all(a.core_stop == b.core_start for a, b in pairwise(cut))
    assert all(one.core_start < one.core_stop for one in cut)


@given(axes())
def test_cores_have_their_context(axis: tuple[int, int, int, int]) -> None:
    length, _, overlap, _ = axis
    for one in windows(*axis):
        assert 0 <= one.start <= one.core_start
        assert one.core_stop <= one.stop <= length
        assert one.core_start - one.start >= overlap or one.start == one.core_start == 0
        assert one.stop - one.core_stop >= overlap or one.stop == one.core_stop == length


@given(axes())
def test_windows_are_equal_and_aligned(axis: tuple[int, int, int, int]) -> None:
    length, tile, _, multiple = axis
    cut = windows(*axis)
    assert all(one.start % multiple == 0 for one in cut)
    padded = {-(-(one.stop - one.start) // multiple) * multiple for one in cut}
    assert len(padded) == 1
    assert padded.pop() <= tile or (len(cut) == 1 and length <= tile)


@given(axes())
def test_no_fewer_windows_would_do(axis: tuple[int, int, int, int]) -> None:
    length, tile, overlap, multiple = axis
    shared = smallest_tile(overlap, multiple) - multiple
    count = len(windows(*axis))
    # Shared stretches are seen twice; one window less could not reach the last multiple begun.
    reach = (count - 1) * (tile - shared) + shared
    assert count == 1 or reach < -(-length // multiple) * multiple


def test_a_photo_that_barely_exceeds_a_tile_is_halved() -> None:
    sizes = [one.stop - one.start for one in windows(1200, 1024, 16)]
    assert sizes == [616, 616]


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 8), st.integers(0, 9))
def test_a_grid_covers_each_pixel_once(
    height: int, width: int, multiple: int, overlap: int
) -> None:
    tile = smallest_tile(overlap, multiple) + 3 * multiple
    seen = [[0] * width for _ in range(height)]
    for part in grid(height, width, tile, overlap, multiple):
        assert part.window.top <= part.core.top < part.core.bottom <= part.window.bottom
        assert part.window.left <= part.core.left < part.core.right <= part.window.right
        for row in seen[part.core.top : part.core.bottom]:
            for x in range(part.core.left, part.core.right):
                row[x] += 1
    assert all(set(row) == {1} for row in seen)


@pytest.mark.parametrize(
    ("length", "tile", "overlap", "multiple"),
    [(0, 8, 0, 1), (9, 8, -1, 1), (9, 0, 0, 1), (9, 10, 0, 4), (9, 8, 4, 1), (9, 8, 0, 0)],
)
def test_what_cannot_be_cut_is_refused(length: int, tile: int, overlap: int, multiple: int) -> None:
    with pytest.raises(ValueError, match=r"tile|windows"):
        windows(length, tile, overlap, multiple)


@pytest.mark.parametrize(("module", "least"), [(tiles, 4), (backend, 3)])
def test_examples(module: ModuleType, least: int) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted >= least
    assert outcome.failed == 0
