"""A sensor and the camera around it, against what is known of their noise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from pictures import correlation, detailed, deviations, error, flat, random, smooth
from torch import Tensor

from degrading.camera import bilinear, malvar, mosaic, photographed
from degrading.sensor import shot_and_read
from degrading.toning import flattened, steepened
from restore.color import to_linear

# the sensor


@pytest.mark.parametrize("light", [0.0, 0.2, 0.9])
def test_variance_is_a_line_of_light(light: float) -> None:
    gain, read = torch.tensor([0.001, 0.01, 0.0]), torch.tensor([0.0, 0.02, 0.05])
    raw = torch.full((3, 1, 256, 256), light)
    noise = shot_and_read(raw, gain, read, random()) - raw
    expected = (gain * light + read.square()).sqrt()
    assert deviations(noise) == pytest.approx(expected, rel=0.02, abs=1e-9)


# the camera


def test_the_mosaic_is_rggb() -> None:
    rgb = torch.tensor([1.0, 2.0, 3.0])[None, :, None, None].expand(1, 3, 4, 6)
    assert mosaic(rgb)[0, 0].tolist() == [[1, 2] * 3, [2, 3] * 3] * 2


@pytest.mark.parametrize("size", [(5, 8), (8, 5)])
def test_odd_sides_have_no_mosaic(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"not {size[0]}x{size[1]}"):
        photographed(torch.zeros(1, 3, *size), 0, 0, random())


@pytest.mark.parametrize("demosaic", [malvar, bilinear])
def test_demosaicing_keeps_every_value_that_was_seen(demosaic: Callable[[Tensor], Tensor]) -> None:
    raw = mosaic(detailed())
    assert torch.equal(mosaic(demosaic(raw)), raw)


@pytest.mark.parametrize("demosaic", [malvar, bilinear])
def test_demosaicing_keeps_a_colour_up_to_the_borders(
    demosaic: Callable[[Tensor], Tensor],
) -> None:
    rgb = torch.tensor([0.2, 0.5, 0.9])[None, :, None, None].expand(1, 3, 12, 8)
    assert (demosaic(mosaic(rgb)) - rgb).abs().max() < 1e-6


@pytest.mark.parametrize("demosaic", [malvar, bilinear])
def test_demosaicing_is_exact_on_ramps(demosaic: Callable[[Tensor], Tensor]) -> None:
    y, x = torch.meshgrid(torch.linspace(0, 1, 16), torch.linspace(0, 1, 16), indexing="ij")
    rgb = torch.stack([0.1 + 0.7 * x, 0.8 - 0.6 * y, 0.2 + 0.3 * x + 0.4 * y])[None]
    inside = (demosaic(mosaic(rgb)) - rgb)[..., 2:-2, 2:-2]
    assert inside.abs().max() < 1e-6


def test_a_red_pixel_spreads_as_the_paper_says() -> None:
    raw = torch.zeros(1, 1, 16, 16)
    raw[..., 8, 8] = 8
    red, green, blue = malvar(raw)[0]
    assert red[7:10, 7:10].tolist() == [[2, 4, 2], [4, 8, 4], [2, 4, 2]]
    assert red[5:12, 8].tolist() == [0, 0, 4, 8, 4, 0, 0]
    assert green[6:11, 8].tolist() == [-1, 0, 4, 0, -1]
    assert blue[8, 6:11].tolist() == [-1.5, 0, 6, 0, -1.5]
    assert red.sum() + green.sum() + blue.sum() == 16 + 16 + 4 - 4


def test_a_green_pixel_spreads_as_the_paper_says() -> None:
    raw = torch.zeros(1, 1, 16, 16)
    raw[..., 8, 9] = 8  # among reds in its row and blues in its column
    red, green, blue = malvar(raw)[0]
    assert red[8, 7:12].tolist() == [-1, 0, 5, 0, -1]
    assert red[6:11, 9].tolist() == [0.5, 0, 5, 0, 0.5]
    assert blue[8, 7:12].tolist() == [0.5, 0, 5, 0, 0.5]
    assert blue[6:11, 9].tolist() == [-1, 0, 5, 0, -1]
    assert green[8, 7:12].tolist() == [0, 2, 8, 2, 0]


@pytest.mark.parametrize("demosaic", [malvar, bilinear])
@pytest.mark.parametrize("contrast", [None, 0.0, torch.tensor([0.4, 1.0])])
@pytest.mark.parametrize("balance", [None, torch.tensor([[2.1, 1.0, 1.6], [1.0, 1.0, 1.0]])])
def test_without_noise_a_photograph_is_the_picture(
    demosaic: Callable[[Tensor], Tensor], contrast: Tensor | float | None, balance: Tensor | None
) -> None:
    picture = smooth()
    seen = photographed(
        picture, 0, 0, random(), balance=balance, demosaic=demosaic, contrast=contrast
    )
    off = (seen - picture).abs()
    assert off[..., 2:-2, 2:-2].max() < 0.002
    assert off.max() < 0.06  # reflection bends a slope at the border
    assert error(seen, picture) < 1e-5


def test_a_photograph_is_clipped() -> None:
    seen = photographed(smooth(), 0.1, 0.2, random(), balance=torch.full((2, 3), 2.0), contrast=1)
    assert seen.min() == 0
    assert seen.max() == 1


def test_white_balance_multiplies_noise() -> None:
    picture = flat(0.5, 1)

    def noise(balance: Tensor | None) -> Tensor:
        seen = photographed(picture, 0, 0.005, random(), balance=balance, demosaic=bilinear)
        return to_linear(seen) - to_linear(picture)

    gains = noise(torch.tensor([[2.0, 1.0, 1.5]])).std((0, 2, 3)) / noise(None).std((0, 2, 3))
    assert gains == pytest.approx(torch.tensor([2.0, 1.0, 1.5]), rel=1e-3)


@pytest.mark.parametrize(("value", "louder"), [(0.5, True), (0.05, False), (0.95, False)])
def test_contrast_stretches_the_noise_of_mid_tones(value: float, louder: bool) -> None:
    """The sensor sees the same mid-tone either way; black and white it sees as less extreme."""
    one, two = photographed(
        flat(value, 2), 0, 0.002, random(), contrast=torch.tensor([0.0, 1.0])
    ).std((1, 2, 3))
    assert (two > 1.5 * one) if louder else (two < 0.8 * one)


def test_demosaiced_noise_is_correlated() -> None:
    noise = photographed(flat(0.5, 1), 0, 0.01, random()) - 0.5
    red = noise[:, 0]
    assert min(correlation(red - red.mean(), 1)) > 0.25


def test_shadows_are_noisier_where_reading_is() -> None:
    """Encoding as sRGB steepens shadows."""
    dark, bright = (
        float(photographed(flat(value, 1), 0, 0.005, random()).std()) for value in (0.2, 0.8)
    )
    assert dark > 3 * bright


@pytest.mark.parametrize("contrast", [0.0, 0.01, 0.5, 1.0, 2.0])
def test_the_tone_curve_can_be_undone(contrast: float) -> None:
    values, c = torch.linspace(0, 1, 257), torch.tensor(contrast)
    curve = steepened(values, c)
    assert (curve.diff() > 0).all()
    assert curve[[0, 128, 256]] == pytest.approx(torch.tensor([0, 0.5, 1]), abs=1e-6)
    assert (flattened(curve, c) - values).abs().max() < 1e-5
    assert (steepened(flattened(values, c), c) - values).abs().max() < 1e-5
    if contrast == 0:
        assert (curve - values).abs().max() < 1e-6
    else:
        assert curve[129] - curve[128] > values[1]
