"""Patches of photographs, and photographs from tars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from patched import pictures, random
from tars import photos, write_tar

from training import patches


def test_tars_are_read_in_order(tmp_path: Path) -> None:
    drawn = photos(5)
    write_tar(tmp_path / "a.tar", drawn[:3])
    write_tar(tmp_path / "b.tar", drawn[3:])
    for photo, expected in zip(patches.load(tmp_path), drawn, strict=True):
        assert np.array_equal(photo, expected)


def test_no_tar_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no shards in"):
        patches.load(tmp_path)


def test_a_patch_of_the_whole_photo_is_the_photo_turned_or_mirrored() -> None:
    photo = random().integers(0, 256, (16, 16, 3), np.uint8)
    turned = [np.rot90(photo, k) for k in range(4)]
    views = {np.ascontiguousarray(v).tobytes() for t in turned for v in (t, t[:, ::-1])}
    seen = {
        np.ascontiguousarray(patches.random_patch(photo, 16, random(s))).tobytes()
        for s in range(100)
    }
    assert seen == views


@pytest.mark.parametrize("size", [(24, 24), (25, 70), (60, 80)])
def test_a_patch_has_its_side_and_the_photo_s_colours(size: tuple[int, int]) -> None:
    photo = np.zeros((*size, 3), np.uint8)
    photo[...] = (200, 100, 30)
    for seed in range(30):
        patch = patches.random_patch(photo, 24, random(seed))
        assert patch.shape == (24, 24, 3)
        assert (patch == (200, 100, 30)).all()


def test_about_half_of_the_patches_are_made_smaller() -> None:
    # Single pixels apart: a patch that was made smaller has values between them.
    photo = random().choice(np.array([0, 255], np.uint8), (120, 120, 1)).repeat(3, -1)
    draws = random(1)
    found = [patches.random_patch(photo, 24, draws) for _ in range(600)]
    smaller = [bool(((patch > 0) & (patch < 255)).any()) for patch in found]
    assert np.mean(smaller) == pytest.approx(0.5, abs=0.07)


def test_a_batch_of_patches_is_seeded_and_in_range() -> None:
    one, again, other = (pictures(7, 24, seed) for seed in (1, 1, 2))
    assert one.shape == (7, 3, 24, 24)
    assert 0 <= one.min() < one.max() <= 1
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_middles_are_cut_uncropped_and_unscaled() -> None:
    drawn = photos(2)
    held = patches.middles(drawn, 32)
    assert held.shape == (2, 3, 32, 32)
    expected = drawn[1][14:46, 24:56].transpose(2, 0, 1)
    assert np.array_equal((held[1] * 255).round().numpy(), expected)
