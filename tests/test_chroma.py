from __future__ import annotations

import pytest
import torch
from torch import Tensor

from restore.chroma import GuidedChroma
from restore.resample import Overview, Resized


def seen_small(plane: Tensor, size: tuple[int, int]) -> Tensor:
    overview = Overview((plane.shape[0], plane.shape[1]), size)
    overview.add(0, plane)
    return overview.result()


def disc(inside: float, outside: float) -> Tensor:
    """Return a plane 240 x 320 with a disc of radius 70 in the middle."""
    y = torch.arange(240.0)[:, None] - 120
    x = torch.arange(320.0) - 160
    return torch.where((y.square() + x.square()).sqrt() < 70, float(inside), float(outside))


def guided(ab: Tensor, lightness: Tensor, grid: tuple[int, int] = (24, 32)) -> Tensor:
    small = torch.stack([seen_small(plane, grid) for plane in ab])
    size = (lightness.shape[0], lightness.shape[1])
    return GuidedChroma(small, seen_small(lightness, grid), size).rows(0, size[0], lightness)


def cubic(ab: Tensor, grid: tuple[int, int] = (24, 32)) -> Tensor:
    small = torch.stack([seen_small(plane, grid) for plane in ab])
    return Resized(small, (ab.shape[1], ab.shape[2])).rows(0, ab.shape[1])


def test_colour_follows_the_edge_of_lightness() -> None:
    ab = torch.stack([disc(50, 0), disc(30, 0)])
    lightness = disc(35, 65)
    error = (guided(ab, lightness) - ab).norm(dim=0).mean()
    assert error < 0.45 * (cubic(ab) - ab).norm(dim=0).mean()


@pytest.mark.parametrize("inside", [20.0, 50.0, 52.0, 90.0])
def test_no_halo_on_either_side(inside: float) -> None:
    """Neither a colour beyond the two there are, nor the opposite one."""
    ab = torch.stack([disc(50, 0), disc(-30, 10)])
    result = guided(ab, disc(inside, 50))
    assert result[0].min() > -1e-3
    assert result[0].max() < 50 + 1e-3
    assert result[1].min() > -30 - 1e-3
    assert result[1].max() < 10 + 1e-3


def test_without_an_edge_the_colour_changes_smoothly() -> None:
    """No stair-steps: between two neighbours far less than between two cells."""
    ab = torch.stack([disc(50, 0), disc(30, 0)])
    result = guided(ab, torch.full((240, 320), 50.0))
    steps = torch.cat([result.diff(dim=1).abs().flatten(), result.diff(dim=2).abs().flatten()])
    assert steps.max() < 50 / 10 * 1.6


def test_a_single_colour_stays() -> None:
    lightness = torch.rand(50, 70, generator=torch.Generator().manual_seed(0)) * 100
    ab = torch.tensor([12.0, -34.0]).view(2, 1, 1).expand(2, 50, 70)
    torch.testing.assert_close(guided(ab, lightness, (8, 11)), ab, atol=1e-3, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (5, 7), (33, 47)])
@pytest.mark.parametrize("grid", [(1, 1), (2, 3), (32, 48)])
def test_any_size_from_any_grid(size: tuple[int, int], grid: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    ab = torch.randn(2, *grid, generator=generator) * 20
    lightness = torch.rand(*size, generator=generator) * 100
    result = GuidedChroma(ab, seen_small(lightness, grid), size).rows(0, size[0], lightness)
    assert result.shape == (2, *size)
    assert result.isfinite().all()
    assert (result.amax(dim=(1, 2)) <= ab.amax(dim=(1, 2)) + 1e-3).all()


def test_strips_make_the_whole() -> None:
    generator = torch.Generator().manual_seed(2)
    ab = torch.randn(2, 9, 12, generator=generator) * 20
    lightness = torch.rand(130, 170, generator=generator) * 100
    chroma = GuidedChroma(ab, seen_small(lightness, (9, 12)), (130, 170))
    whole = chroma.rows(0, 130, lightness)
    parts = [chroma.rows(y, min(y + 16, 130), lightness[y : y + 16]) for y in range(0, 130, 16)]
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=0)
    assert torch.equal(chroma.rows(16, 32, lightness[16:32]), parts[1])
