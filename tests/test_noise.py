"""The noise field: one definition, whatever the window."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.noise import CELL, window

PLACES = st.integers(-300, 300)
SIDES = st.integers(1, 100)


def test_the_first_values_never_change() -> None:
    corner = window(42, 0, 0, 2, -1, -1, 2, 2)
    expected = [
        *(2.503462, 0.0015661924, -0.5408283, -0.20313828),
        *(-0.6326612, 0.45115417, 0.23513931, -1.1722152),
    ]
    # To float32's last bit, which another mathematics library may round the other way.
    np.testing.assert_array_max_ulp(corner.ravel(), np.float32(expected), maxulp=1)


@settings(max_examples=25, deadline=None)
@given(PLACES, PLACES, SIDES, SIDES, PLACES, PLACES)
def test_overlapping_windows_agree(
    top: int, left: int, height: int, width: int, down: int, right: int
) -> None:
    whole = window(7, 1, 2, 1, top, left, height + 40, width + 40)
    down, right = down % 40, right % 40
    part = window(7, 1, 2, 1, top + down, left + right, height, width)
    np.testing.assert_array_equal(whole[:, down : down + height, right : right + width], part)


def test_a_channel_does_not_depend_on_how_many_are_drawn() -> None:
    np.testing.assert_array_equal(
        window(1, 0, 0, 1, 5, 5, 70, 70), window(1, 0, 0, 4, 5, 5, 70, 70)[:1]
    )


def test_it_is_standard_normal() -> None:
    field = window(0, 0, 0, 4, -256, -256, 512, 512).astype(np.float64)
    n = field.size
    assert field.shape == (4, 512, 512)
    assert abs(field.mean()) < 4 / np.sqrt(n)
    assert abs(field.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((field**3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((field**4).mean() - 3) < 4 * np.sqrt(96 / n)
    assert 4.5 < abs(field).max() < 6.8


@pytest.mark.parametrize(
    "other",
    [
        (43, 0, 0, 1, 0, 0),
        (42, 1, 0, 1, 0, 0),
        (42, 0, 1, 1, 0, 0),
        (42, 0, 0, 1, CELL, 0),
        (42, 0, 0, 1, 0, CELL),
        (42, 0, 0, 1, -CELL, 0),
        (42, 0, 0, 1, 0, -CELL),
        (42, 0, 0, 1, 1, 0),
        (42, 0, 0, 1, 0, 1),
    ],
)
def test_seeds_samples_steps_and_places_are_independent(other: tuple[int, ...]) -> None:
    one, two = window(42, 0, 0, 1, 0, 0, CELL, CELL), window(*other, CELL, CELL)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 4 / CELL
    assert abs(np.corrcoef(one.ravel() ** 2, two.ravel() ** 2)[0, 1]) < 4 / CELL


def test_the_two_halves_of_a_cell_are_independent() -> None:
    """Box and Muller give values in pairs."""
    top, bottom = np.split(window(3, 0, 0, 1, 0, 0, CELL, CELL)[0], 2)
    assert abs(np.corrcoef(top.ravel(), bottom.ravel())[0, 1]) < 4 / np.sqrt(top.size)


def test_channels_are_independent() -> None:
    one, two = window(3, 0, 0, 2, 0, 0, CELL, CELL)
    assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 4 / CELL


def test_threads_draw_the_same() -> None:
    drawn: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: drawn.append(window(9, 0, 0, 3, 0, 0, 200, 200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 4
    assert all(np.array_equal(drawn[0], one) for one in drawn)


@pytest.mark.parametrize(
    ("seed", "sample", "step"),
    [(-1, 0, 0), (2**63, 0, 0), (0, 2**32, 0), (0, -1, 0), (0, 0, 2**32)],
)
def test_what_is_out_of_range_is_refused(seed: int, sample: int, step: int) -> None:
    with pytest.raises(ValueError, match="is not from 0 to"):
        window(seed, sample, step, 1, 0, 0, 1, 1)


def test_the_largest_seed_is_a_seed() -> None:
    field = window(2**63 - 1, 2**32 - 1, 2**32 - 1, 1, 0, 0, 3, 5)
    assert field.shape == (1, 3, 5)
    assert field.dtype == np.float32
    assert np.isfinite(field).all()


def test_an_empty_window_is_empty() -> None:
    assert window(0, 0, 0, 2, 0, 0, 0, 5).shape == (2, 0, 5)
