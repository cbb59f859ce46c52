from __future__ import annotations

import pytest
import torch
from torch import Tensor

from restore import color
from restore.color import RgbSpace

LEVEL = 100 / 255  # of L*: what P3 allows


def space(red: tuple, green: tuple, blue: tuple, white: tuple, gamma: float | None) -> RgbSpace:
    """Return the space of these xy chromaticities; its decoding curve is a power, sampled."""

    def xyz(x: float, y: float) -> Tensor:
        return torch.tensor([x / y, 1, (1 - x - y) / y], dtype=torch.float64)

    primaries = torch.stack([xyz(*red), xyz(*green), xyz(*blue)], dim=1)
    matrix = primaries * torch.linalg.solve(primaries, xyz(*white)) / xyz(*white)[:, None]
    if gamma is None:
        return RgbSpace(matrix)
    return RgbSpace(
        matrix, torch.linspace(0, 1, 4096, dtype=torch.float64).pow(gamma).expand(3, -1)
    )


D65, D50 = (0.3127, 0.3290), (0.3457, 0.3585)
SPACES = {
    "sRGB": color.SRGB,
    "Display P3": space((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65, None),
    "Adobe RGB": space((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65, 563 / 256),
    "ColorMatch": space((0.630, 0.340), (0.295, 0.605), (0.150, 0.075), D50, 1.8),
    "ProPhoto": space((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50, 1.8),
    "narrow": space((0.50, 0.33), (0.30, 0.45), (0.22, 0.20), D65, 2.4),
}

# Sharma et al. 2005, table 1: L, a, b; L, a, b; CIEDE2000
PUBLISHED = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


def test_ciede2000_is_the_published_one() -> None:
    table = torch.tensor(
        [[float(number) for number in line.split()] for line in PUBLISHED.strip().splitlines()],
        dtype=torch.float64,
    )
    one, other = table[:, :3].T[..., None], table[:, 3:6].T[..., None]
    difference = color.ciede2000(one, other)[:, 0]
    assert len(table) == 34
    assert (difference - table[:, 6]).abs().max() < 5.1e-5
    torch.testing.assert_close(color.ciede2000(other, one)[:, 0], difference)


def test_no_difference_is_zero() -> None:
    lab = color.to_lab(torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)))
    assert color.ciede2000(lab, lab).max() < 1e-3


def test_known_colours() -> None:
    rgb = torch.tensor([[1.0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 0, 1]]).T[..., None]
    lab = color.to_lab(rgb)[..., 0].T
    expected = torch.tensor(
        [[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]]
    )
    torch.testing.assert_close(lab, expected, atol=0.02, rtol=0)


def test_lab_there_and_back() -> None:
    rgb = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(color.from_lab(color.to_lab(rgb)), rgb, atol=2e-5, rtol=0)


def test_gradients_pass_through_lab() -> None:
    lab = torch.tensor([50.0, 10, -10]).view(3, 1, 1).requires_grad_()
    color.to_lab(color.from_lab(lab)).sum().backward()
    assert lab.grad is not None
    torch.testing.assert_close(lab.grad, torch.ones(3, 1, 1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_lightness_of_every_grey(dtype: torch.dtype) -> None:
    top = 255 if dtype == torch.uint8 else 65535
    pixels = torch.arange(top + 1).view(1, -1, 1).to(dtype)
    grey = color.lightness(pixels)
    exact = color.to_lab((torch.arange(top + 1).double() / top).expand(3, 1, -1))[0]
    assert (grey - exact).abs().max() < 1e-5
    three = color.lightness(pixels.to(torch.int32).expand(-1, -1, 3).to(dtype))
    assert (three - exact).abs().max() < 1e-4
    assert grey[0, 0] == pytest.approx(0, abs=1e-6)
    assert grey[0, -1] == pytest.approx(100, abs=1e-5)


def test_lightness_of_colours_is_that_of_lab() -> None:
    pixels = torch.randint(
        0, 256, (300, 200, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )
    lab = color.to_lab(pixels.permute(2, 0, 1).double() / 255)
    assert (color.lightness(pixels) - lab[0]).abs().max() < 1e-4


def every_grey_in_many_colours(dtype: torch.dtype, name: str) -> tuple[Tensor, Tensor]:
    """Return L* (256, n), of every 8-bit grey, and chroma (2, 256, n), small to absurd."""
    levels = torch.arange(256).view(-1, 1, 1)
    if dtype == torch.uint16:
        levels = levels * 257
    steps = torch.tensor([-170.0, -70, -30, -12, -4, -1, 0, 0.5, 2, 7, 20, 50, 170])
    ab = torch.cartesian_prod(steps, steps).T
    lightness = color.lightness(levels.to(dtype), SPACES[name]).expand(-1, ab.shape[1])
    return lightness, ab[:, None].expand(-1, 256, -1)


def lab_of(pixels: Tensor, name: str) -> Tensor:
    """Return (3, H, W) float64 Lab of integers, by other means than the module's."""
    values = pixels.double() / (255 if pixels.dtype == torch.uint8 else 65535)
    gamma = {"Adobe RGB": 563 / 256, "ColorMatch": 1.8, "ProPhoto": 1.8, "narrow": 2.4}.get(name)
    light = color.to_linear(values) if gamma is None else values**gamma
    xyz = light @ SPACES[name].matrix.T
    f = torch.where(
        xyz > 216 / 24389, xyz.clamp_min(1e-9) ** (1 / 3), (24389 / 27 * xyz + 16) / 116
    )
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
@pytest.mark.parametrize("name", SPACES)
def test_only_colour_is_added(name: str, dtype: torch.dtype) -> None:
    lightness, ab = every_grey_in_many_colours(dtype, name)
    pixels = color.colored(lightness, ab, SPACES[name], dtype)
    assert pixels.dtype == dtype
    moved = (lab_of(pixels, name)[0] - lightness).abs().max()
    assert moved < (0.85 * LEVEL if dtype == torch.uint8 else 0.02)
    moved = (color.lightness(pixels, SPACES[name]) - lightness).abs().max()
    assert moved < LEVEL


@pytest.mark.parametrize("name", SPACES)
def test_black_white_and_grey_stay(name: str) -> None:
    for dtype, top in ((torch.uint8, 255), (torch.uint16, 65535)):
        grey = torch.arange(top + 1).view(1, -1, 1).to(dtype)
        lightness = color.lightness(grey, SPACES[name])
        same = color.colored(lightness, torch.zeros(2, 1, top + 1), SPACES[name], dtype)
        error = (same.to(torch.int32) - grey.to(torch.int32)).abs()
        if dtype == torch.uint8:
            assert error.max() == 0
        else:  # in the deepest shadows a level is finer than float32's L*
            assert error[:, 1000:].max() <= 1
            assert (color.lightness(same, SPACES[name]) - lightness).abs().max() < 1e-3
        wild = torch.full((2, 1, top + 1), 80.0)
        pixels = color.colored(lightness, wild, SPACES[name], dtype).to(torch.int32)[0]
        assert pixels[0].tolist() == [0, 0, 0]
        assert pixels[-1].tolist() == [top, top, top]


def test_what_fits_keeps_its_colour() -> None:
    rgb = torch.rand(3, 100, 100, generator=torch.Generator().manual_seed(3)) * 0.8 + 0.1
    lab = color.to_lab(rgb)
    for dtype, top, error in ((torch.uint8, 255, 2.5), (torch.uint16, 65535, 3)):
        pixels = color.colored(lab[0], lab[1:], dtype=dtype).permute(2, 0, 1).to(torch.float32)
        assert (pixels - rgb * top).abs().max() < error


def test_what_does_not_fit_keeps_its_hue_and_all_the_chroma_it_can() -> None:
    lightness, ab = torch.full((1, 360), 60.0), torch.empty(2, 1, 360)
    angle = torch.deg2rad(torch.arange(360.0))
    ab[0, 0], ab[1, 0] = 300 * angle.cos(), 300 * angle.sin()
    lab = lab_of(color.colored(lightness, ab, dtype=torch.uint16), "sRGB").float()
    along = (lab[1:] * ab).sum(0) / 300
    across = (lab[1] * ab[1] - lab[2] * ab[0]).abs() / 300
    assert across.max() < 0.05
    fuller = torch.stack([torch.full((1, 360), 60.0), *(ab / 300 * (along + 2.5))])
    assert ((color.from_lab(fuller) - 0.5).abs().amax(0) > 0.5).all()


def test_strips_do_not_matter() -> None:
    generator = torch.Generator().manual_seed(4)
    lightness = torch.rand(333, 301, generator=generator) * 100
    ab = torch.randn(2, 333, 301, generator=generator) * 40
    whole = color.colored(lightness, ab)
    parts = [color.colored(lightness[i : i + 50], ab[:, i : i + 50]) for i in range(0, 333, 50)]
    assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("name", SPACES)
def test_pictures_there_and_back(name: str) -> None:
    generator = torch.Generator().manual_seed(5)
    inside = torch.rand(3, 40, 50, generator=generator) * 0.06 + 0.47
    for dtype, error in ((torch.uint8, 0.01), (torch.uint16, 1e-4)):
        pixels = color.from_picture(inside, SPACES[name], dtype)
        assert pixels.shape == (40, 50, 3)
        assert (color.to_picture(pixels, SPACES[name]) - inside).abs().max() < error


def test_a_grey_photo_is_a_grey_picture() -> None:
    pixels = torch.arange(256).view(16, 16, 1).to(torch.uint8)
    picture = color.to_picture(pixels)
    assert picture.shape == (3, 16, 16)
    torch.testing.assert_close(picture[2], pixels[..., 0] / 255)


def test_chroma_in_gamut_is_what_a_picture_shows() -> None:
    generator = torch.Generator().manual_seed(5)
    lightness = torch.rand(20, 30, generator=generator) * 100
    ab = torch.randn(2, 20, 30, generator=generator) * 60
    fitted = color.in_gamut(lightness, ab)
    shown = lab_of(color.colored(lightness, ab, dtype=torch.uint16), "sRGB").float()
    assert (shown[1:] - fitted).abs().max() < 0.1
    inside = (fitted == ab).all(0)
    assert 0.1 < inside.float().mean() < 0.9
    assert (fitted.norm(dim=0) <= ab.norm(dim=0) + 1e-4).all()
