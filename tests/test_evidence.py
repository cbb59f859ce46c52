from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from restore import evidence


def test_spread_is_the_mean_distance_from_what_is_expected() -> None:
    samples = torch.zeros(2, 2, 1, 1)
    samples[0, 0], samples[0, 1] = 3, 4  # 5 from none
    samples[1, 0] = -15
    assert float(evidence.spread(samples, torch.zeros(2, 1, 1))) == pytest.approx(10)


def test_without_an_expectation_samples_scatter_around_their_mean() -> None:
    samples = torch.zeros(2, 2, 1, 1)
    samples[0, 0], samples[0, 1] = 12, 16
    assert float(evidence.spread(samples)) == pytest.approx(10)


def test_spread_of_many_draws_is_that_of_their_distribution() -> None:
    draws = torch.randn(4000, 2, 3, 3, generator=torch.Generator().manual_seed(0)) * 10
    assert (evidence.spread(draws) - 10 * math.sqrt(math.pi / 2)).abs().max() < 0.5


def test_one_sample_has_no_spread() -> None:
    with pytest.raises(ValueError, match="1 samples"):
        evidence.spread(torch.zeros(1, 2, 4, 4))


def test_confidence_falls_from_white_to_black() -> None:
    error = torch.tensor([0.0, 5, 10, 20, 50])
    assert evidence.confidence(error).tolist() == [1, 0.75, 0.5, 0, 0]


def test_guessed_share_counts_what_is_above_the_threshold() -> None:
    error = torch.tensor([[0.0, 8], [12, 60]])
    assert evidence.guessed_share(error) == 0.5
    assert evidence.guessed_share(error, threshold=5) == 0.75


def test_more_is_to_be_expected_the_deeper_inside_a_hole() -> None:
    depth = torch.tensor([1.0, 2, 8, 30])
    error = evidence.error_inside(depth)
    assert error[0] == 0
    assert (error.diff() > 0).all()
    assert 10 < error[-1] < evidence.BLACK


@pytest.mark.parametrize("size", [(1, 1), (40, 3), (150, 260)])
def test_the_map_has_the_photo_s_size(size: tuple[int, int]) -> None:
    error = torch.rand(6, 10, generator=torch.Generator().manual_seed(1)) * 40
    full = evidence.ConfidenceMap(error, size)
    rows = full.rows(0, size[0])
    assert rows.shape == size
    assert rows.dtype == np.uint8
    parts = [full.rows(top, min(top + 9, size[0])) for top in range(0, size[0], 9)]
    assert np.abs(np.concatenate(parts).astype(int) - rows).max() <= 1


def test_certain_is_white_and_a_guess_is_black() -> None:
    error = torch.zeros(4, 4)
    error[:, 2:] = 100
    rows = evidence.ConfidenceMap(error, (40, 40)).rows(0, 40)
    assert (rows[:, :10] == 255).all()
    assert (rows[:, 30:] == 0).all()


def test_rank_correlation_of_known_lists() -> None:
    assert evidence.rank_correlation([1, 2, 3, 4], [10, 20, 25, 99]) == pytest.approx(1)
    assert evidence.rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    # 106 100 86 101 99 103 97 113 112 110 against 7 27 2 50 28 29 20 12 6 17: -29 / 165
    x = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    y = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert evidence.rank_correlation(x, y) == pytest.approx(-29 / 165)


def test_ties_share_their_rank() -> None:
    # ranks 0.5 0.5 2.5 2.5 against 0 1 2 3: 4 / sqrt(4 * 5)
    assert evidence.rank_correlation([1, 1, 2, 2], [1, 2, 3, 4]) == pytest.approx(4 / math.sqrt(20))
    assert evidence.rank_correlation([3, 3, 3], [1, 2, 3]) == 0


def test_ause_of_a_perfect_a_flat_and_a_wrong_order() -> None:
    error = np.random.default_rng(2).gamma(2, 5, 5000)
    flat = evidence.ause(np.zeros(5000), error)
    rising = np.sort(error)
    oracle = np.mean(np.cumsum(rising) / np.arange(1, 5001)) / error.mean()
    assert evidence.ause(error**2, error) == pytest.approx(0, abs=1e-12)
    assert flat == pytest.approx(1 - oracle)
    assert 0 < evidence.ause(error + np.random.default_rng(3).gamma(2, 5, 5000), error) < flat
    assert evidence.ause(-error, error) > flat


def test_ause_by_hand() -> None:
    # left, most spread first: (1+2+3)/3, (2+3)/2, 3; worst first: 2, 1.5, 1; over the mean, 2
    assert evidence.ause([3, 2, 1], [1, 2, 3]) == pytest.approx((0 + 1 + 2) / 3 / 2)


@pytest.mark.parametrize("count", [2, 8])
def test_calibrated_samples_have_a_variance_ratio_of_one(count: int) -> None:
    generator = torch.Generator().manual_seed(4)
    mean = torch.randn(2, 200, 200, generator=generator) * 20
    samples = mean + 7 * torch.randn(count, 2, 200, 200, generator=generator)
    truth = mean + 7 * torch.randn(2, 200, 200, generator=generator)
    error, variance = (truth - mean).square().sum(0).sqrt(), samples.var(0).sum(0)
    assert evidence.variance_ratio(variance, error) == pytest.approx(1, abs=0.03)
    assert evidence.variance_ratio(variance / 4, error) == pytest.approx(0.25, abs=0.01)
