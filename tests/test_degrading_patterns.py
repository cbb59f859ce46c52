"""Pixels that are lost, and patterns that repeat."""

from __future__ import annotations

import pytest
import torch
from pictures import flat, random
from torch import Tensor
from torch.nn import functional as F

from degrading.impulses import salt_and_pepper
from degrading.periodic import BEAT, HARMONIC, banding, halftone, moire

# lost pixels


@pytest.mark.parametrize("per_channel", [False, True])
def test_a_share_of_pixels_is_lost_half_black_half_white(per_channel: bool) -> None:
    share = torch.tensor([0.0, 0.05, 0.4])
    seen = salt_and_pepper(flat(0.5), share, random(), per_channel)
    black, white = ((seen == end).float().mean((1, 2, 3)) for end in (0, 1))
    assert black == pytest.approx(share / 2, rel=0.1, abs=1e-9)
    assert white == pytest.approx(share / 2, rel=0.1, abs=1e-9)
    assert (seen[(seen != 0) & (seen != 1)] == 0.5).all()


def test_pixels_are_lost_whole_or_by_channel() -> None:
    whole = salt_and_pepper(flat(0.5, 1), 0.2, random())
    assert torch.equal(whole[:, 0], whole[:, 1])
    assert torch.equal(whole[:, 0], whole[:, 2])
    single = salt_and_pepper(flat(0.5, 1), 0.2, random(), per_channel=True)
    assert not torch.equal(single[:, 0], single[:, 1])


# what repeats


def spectrum(added: Tensor) -> Tensor:
    """Return amplitudes by frequency, in periods per side: (H, W / 2 + 1)."""
    return torch.fft.rfft2(added).abs() / added.numel()


def peaks(added: Tensor, count: int) -> set[tuple[int, int]]:
    """Return the strongest frequencies, (y, x), y counted from the centre."""
    strength = spectrum(added)
    rows, columns = strength.shape[0], strength.shape[1]
    found = strength.flatten().topk(count).indices.tolist()
    return {((i // columns + rows // 2) % rows - rows // 2, i % columns) for i in found}


@pytest.mark.parametrize(
    ("period", "angle", "peak"),
    [(8.0, 0.0, {(0, 16)}), (4.0, 90.0, {(32, 0), (-32, 0)}), (128 / 25, 36.8699, {(15, 20)})],
)
def test_banding_has_its_period_and_angle(
    period: float, angle: float, peak: set[tuple[int, int]]
) -> None:
    added = banding(flat(0.5, 1), 0.1, period, angle, random())[0, 0] - 0.5
    assert peaks(added, len(peak)) == peak


def test_banding_has_its_amplitude() -> None:
    amplitude = torch.tensor([0.02, 0.05, 0.2])
    added = banding(flat(0.5), amplitude, torch.tensor([7.0, 9.3, 30.0]), 20, random()) - 0.5
    assert added.amax((1, 2, 3)) == pytest.approx(amplitude, rel=0.01)
    assert added.amin((1, 2, 3)) == pytest.approx(-amplitude, rel=0.01)
    assert torch.equal(added[:, 0], added[:, 2])


def test_a_halftone_is_a_lattice_with_second_harmonics() -> None:
    added = halftone(flat(0.5, 1), 0.2, 8, 0, random())[0, 0] - 0.5
    lattice = {(0, 16), (16, 0), (-16, 0), (0, 32), (32, 0), (-32, 0)}
    assert peaks(added, 6) == lattice
    strength = spectrum(added)
    assert strength[0, 32] / strength[0, 16] == pytest.approx(HARMONIC, rel=1e-3)
    others = strength.clone()
    for y, x in lattice:
        others[y, x] = 0
    assert others.max() < 1e-5


def test_a_halftone_turns_with_its_angle() -> None:
    added = halftone(flat(0.5, 1), 0.2, 128 / 25, 36.8699, random())[0, 0] - 0.5
    assert peaks(added, 2) == {(15, 20), (-20, 15)}


def test_a_halftone_peaks_at_its_amplitude() -> None:
    amplitude = torch.tensor([0.05, 0.1, 0.3])
    added = halftone(flat(0.5), amplitude, 9.7, 15, random()) - 0.5
    assert added.amax((1, 2, 3)) == pytest.approx(amplitude, rel=0.05)
    assert (added.abs().amax((1, 2, 3)) <= amplitude * 1.0001).all()
    assert added.mean().abs() < 2e-3


def test_moire_beats_and_its_channels_differ() -> None:
    side, period = 256, 8.0
    added = moire(flat(0.5, 1, side), 0.2, period, 0, random())[0] - 0.5
    assert added.abs().max() <= 0.2001
    rows = added[0].square().mean(0)  # the beat: a sum of squares that swells and fades
    envelope = F.avg_pool1d(rows[None], 9, stride=1)[0]
    assert envelope.max() > 20 * envelope.min()
    first, second = side / period, side / period / BEAT
    strength = spectrum(added[0])[0]
    assert strength[round(first)] > 0.02
    assert strength[round(second)] > 0.02
    assert strength[round(first) + 4 :].max() < 0.01
    assert not torch.allclose(added[0], added[1], atol=0.05)
    assert not torch.allclose(added[1], added[2], atol=0.05)
