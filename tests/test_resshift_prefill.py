"""Holes filled smoothly: nothing else changes, and nothing of what was in them remains."""

from __future__ import annotations

import pytest
import torch
from pictures import detailed, flat, smooth
from torch import Tensor

from restore.nets.resshift.prefill import prefilled


def holes(*shape: int, share: float = 0.3, seed: int = 0) -> Tensor:
    """Draw single lost pixels and one wide hole: (N, 1, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.rand(shape[0], 1, *shape[-2:], generator=generator) < share).float()
    height, width = shape[-2:]
    mask[..., height // 4 : 3 * height // 4, width // 3 : 2 * width // 3] = 1
    return mask


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (7, 1), (1, 2), (5, 128)])
def test_outside_the_holes_nothing_changes(size: tuple[int, int]) -> None:
    picture = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1))
    mask = holes(2, 1, *size)
    filled = prefilled(picture, mask)
    kept = (mask == 0).expand_as(picture)
    assert filled.shape == picture.shape
    assert torch.equal(filled[kept], picture[kept])
    assert filled.isfinite().all()


@pytest.mark.parametrize("content", [0.0, 1.0, -7.0, torch.inf, torch.nan])
def test_what_a_hole_holds_has_no_influence(content: float) -> None:
    picture, mask = detailed(2), holes(2, 1, 64, 64)
    expected = prefilled(picture, mask)
    spoilt = torch.where(mask > 0, torch.full_like(picture, content), picture)
    assert torch.equal(prefilled(spoilt, mask), expected)


def test_without_holes_the_picture_comes_back() -> None:
    picture = detailed(2)
    assert torch.equal(prefilled(picture, torch.zeros(2, 1, 64, 64)), picture)


def test_a_picture_that_is_all_hole_becomes_middle_grey() -> None:
    mask = torch.ones(2, 1, 24, 40)
    mask[1, :, :, 30:] = 0
    filled = prefilled(torch.full((2, 3, 24, 40), 0.9), mask)
    assert (filled[0] == 0.5).all()
    torch.testing.assert_close(filled[1], torch.full((3, 24, 40), 0.9))


def test_a_filling_lies_between_the_values_that_are_known() -> None:
    picture, mask = 0.2 + 0.6 * detailed(3), holes(3, 1, 64, 64, share=0.6)
    filled = prefilled(picture, mask)
    for one, left, lost in zip(filled, picture, mask, strict=True):
        for plane, known in zip(one, left, strict=True):
            inside = known[lost[0] == 0]
            assert inside.min() - 1e-6 <= plane.min()
            assert plane.max() <= inside.max() + 1e-6


def test_a_single_known_pixel_fills_everything() -> None:
    mask = torch.ones(1, 1, 37, 50)
    mask[..., 20, 11] = 0
    picture = torch.rand(1, 3, 37, 50, generator=torch.Generator().manual_seed(0))
    expected = picture[..., 20:21, 11:12].expand_as(picture)
    torch.testing.assert_close(prefilled(picture, mask), expected)


def test_a_hole_takes_what_lies_near() -> None:
    picture, mask = flat(0.1, 1, 64), torch.zeros(1, 1, 64, 64)
    picture[..., 32:] = 0.9
    mask[..., 8:56] = 1
    row = prefilled(picture, mask)[0, 0, 32]
    assert row[8:12].max() < 0.35
    assert row[52:56].min() > 0.65
    assert (row.diff() >= -0.05).all()


def test_a_smooth_picture_is_filled_as_it_was() -> None:
    picture, mask = smooth(2), torch.zeros(2, 1, 64, 64)
    mask[..., 30:33, :] = 1  # a scratch
    mask[..., 10:18, 40:48] = 1  # a speck
    wrong = (prefilled(picture, mask) - picture).abs()
    assert wrong.max() < 0.08
    assert wrong[..., 30:33, :].mean() < 0.01


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    picture, mask = detailed(3), holes(3, 1, 64, 64)
    mask[1] = 0
    mask[2] = 1
    together = prefilled(picture, mask)
    for index in range(3):
        one = slice(index, index + 1)
        torch.testing.assert_close(prefilled(picture[one], mask[one]), together[one])


def test_channels_do_not_see_each_other() -> None:
    picture, mask = detailed(1), holes(1, 1, 64, 64)
    other = picture.clone()
    other[:, 0] = 1 - other[:, 0]
    assert torch.equal(prefilled(other, mask)[:, 1:], prefilled(picture, mask)[:, 1:])
