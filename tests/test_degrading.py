"""Each part of the degradation model: its statistics, its seeds, and what it leaves alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from degrading.camera import bilinear, malvar, mosaic, photographed
from degrading.chroma import chroma_noise
from degrading.codecs import jpeg, webp
from degrading.correlated import correlated
from degrading.gaussian import gaussian
from degrading.grain import FLOOR, film_grain
from degrading.impulses import salt_and_pepper
from degrading.luma import luma_of
from degrading.periodic import BEAT, HARMONIC, banding, halftone, moire
from degrading.quantizing import quantized
from degrading.resampling import Kernel, resampled
from degrading.sensor import shot_and_read
from degrading.toning import flattened, steepened
from restore.color import to_linear

SIGMA = torch.tensor([0.02, 0.05, 0.1])
Seeded = Callable[[Tensor, np.random.Generator], Tensor]

SEEDED: dict[str, Seeded] = {
    "gaussian": lambda x, random: gaussian(x, 0.1, random),
    "shot_and_read": lambda x, random: shot_and_read(x, 0.01, 0.01, random),
    "photographed": lambda x, random: photographed(x, 0.01, 0.01, random),
    "chroma_noise": lambda x, random: chroma_noise(x, 0.1, 2, random),
    "film_grain": lambda x, random: film_grain(x, 0.1, 1, random),
    "salt_and_pepper": lambda x, random: salt_and_pepper(x, 0.1, random),
    "banding": lambda x, random: banding(x, 0.1, 8, 30, random),
    "halftone": lambda x, random: halftone(x, 0.1, 8, 30, random),
    "moire": lambda x, random: moire(x, 0.1, 8, 30, random),
}
ADDED = ("gaussian", "shot_and_read", "chroma_noise", "film_grain", "banding", "halftone", "moire")


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(value: float, count: int = 3, side: int = 128) -> Tensor:
    return torch.full((count, 3, side, side), value)


def smooth(count: int = 2, side: int = 64) -> Tensor:
    """Draw hills of other colours in each picture, all within [0.1, 0.9]."""
    y, x = torch.meshgrid(torch.linspace(0, 1, side), torch.linspace(0, 1, side), indexing="ij")
    planes = [
        0.5 + 0.4 * torch.sin(2 * x + n + c) * torch.cos(1.5 * y - 2 * c)
        for n in range(count)
        for c in range(3)
    ]
    return torch.stack(planes).view(count, 3, side, side)


def detailed(count: int = 3, side: int = 64) -> Tensor:
    values = torch.from_numpy(random(7).random((count, 3, side // 4, side // 4), np.float32))
    return F.interpolate(values, size=(side, side), mode="bilinear")


def deviations(noise: Tensor) -> Tensor:
    return noise.flatten(1).std(1)


def correlation(noise: Tensor, distance: int) -> tuple[float, float]:
    """Return how noise resembles itself some pixels further down, and to the right."""
    variance = float(noise.square().mean())
    down = float((noise[..., distance:, :] * noise[..., :-distance, :]).mean())
    right = float((noise[..., distance:] * noise[..., :-distance]).mean())
    return down / variance, right / variance


def error(one: Tensor, two: Tensor) -> float:
    return float((one - two).square().mean())


# what all have in common


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_is_a_picture(name: str) -> None:
    picture = smooth()
    kept = picture.clone()
    first = SEEDED[name](picture, random(1))
    assert torch.equal(first, SEEDED[name](picture, random(1)))
    assert not torch.equal(first, SEEDED[name](picture, random(2)))
    assert torch.equal(picture, kept)
    assert first.shape == picture.shape
    assert first.dtype == torch.float32


@pytest.mark.parametrize("name", SEEDED)
def test_pictures_of_a_batch_differ(name: str) -> None:
    one, two = SEEDED[name](flat(0.4, 2, 32), random())
    assert not torch.equal(one, two)


@pytest.mark.parametrize("name", ADDED)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_adds_does_not_clip(name: str, value: float) -> None:
    seen = SEEDED[name](flat(value, 1, 32), random())
    assert (seen < value).any()
    if (name, value) != ("shot_and_read", 0.0):
        assert (seen > value).any()


def test_as_many_strengths_as_pictures() -> None:
    with pytest.raises(RuntimeError):
        gaussian(flat(0.5, 3, 8), torch.tensor([0.1, 0.2]), random())


# the grid of a file


@pytest.mark.parametrize("levels", [256, 65536])
def test_quantizing_gives_the_nearest_whole_level(levels: int) -> None:
    picture = torch.from_numpy(random().random((1, 3, 32, 32), np.float32))
    seen = quantized(picture, levels) * (levels - 1)
    assert (seen - seen.round()).abs().max() < 1e-2
    assert (seen - picture * (levels - 1)).abs().max() < 0.51
    assert torch.equal(quantized(seen / (levels - 1), levels), seen / (levels - 1))


def test_quantizing_clips() -> None:
    assert quantized(torch.tensor([-0.3, 1.3])).tolist() == [0, 1]


# white, normal


def test_gaussian_noise_has_its_deviation_and_no_memory() -> None:
    noise = gaussian(flat(0.5), SIGMA, random()) - 0.5
    assert deviations(noise) == pytest.approx(SIGMA, rel=0.02)
    assert noise.mean().abs() < 1e-3
    assert correlation(noise, 1) == pytest.approx((0, 0), abs=0.02)
    assert noise[2].pow(4).mean() / noise[2].square().mean() ** 2 == pytest.approx(3, abs=0.1)
    assert abs(np.corrcoef(noise[0, 0].ravel(), noise[0, 1].ravel())[0, 1]) < 0.03


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


# what is correlated


@pytest.mark.parametrize("size", [0.7, 1.5, 4.0])
def test_blurred_noise_has_its_deviation_and_its_size(size: float) -> None:
    noise = correlated((4, 2, 256, 256), torch.full((4,), size), random())
    assert noise.std() == pytest.approx(1, rel=0.05)
    for distance in (1, 3):
        expected = math.exp(-((distance / (2 * size)) ** 2))
        assert correlation(noise, distance) == pytest.approx((expected, expected), abs=0.04)


def test_blurred_noise_is_as_strong_at_borders() -> None:
    noise = correlated((64, 4, 32, 32), torch.full((64,), 2.0), random())
    assert noise[..., 0, :].std() == pytest.approx(1, rel=0.05)
    assert noise[..., -1].std() == pytest.approx(1, rel=0.05)


def test_each_picture_has_its_size() -> None:
    noise = correlated((2, 1, 256, 256), torch.tensor([0.6, 3.0]), random())
    assert correlation(noise[0], 2)[0] < 0.1
    assert correlation(noise[1], 2)[0] > 0.8
    assert deviations(noise) == pytest.approx(torch.ones(2), rel=0.05)


def test_chroma_noise_leaves_luma_alone() -> None:
    picture = smooth(3)
    noisy = chroma_noise(picture, SIGMA, torch.tensor([0.7, 2.0, 4.0]), random())
    assert (luma_of(noisy) - luma_of(picture)).abs().max() < 1e-6
    assert (noisy - picture).abs().max() > 0.1


def test_chroma_noise_has_its_deviation_in_cb_and_cr() -> None:
    noise = chroma_noise(flat(0.5), SIGMA, 1.5, random()) - 0.5
    luma = luma_of(noise)
    cb, cr = (noise[:, 2:] - luma) / 1.772, (noise[:, :1] - luma) / 1.402
    assert deviations(cb) == pytest.approx(SIGMA, rel=0.06)
    assert deviations(cr) == pytest.approx(SIGMA, rel=0.06)
    assert abs(np.corrcoef(cb.ravel(), cr.ravel())[0, 1]) < 0.05
    expected = math.exp(-1 / 9)
    assert correlation(cb, 1) == pytest.approx((expected, expected), abs=0.04)


def test_grain_has_no_colour() -> None:
    noise = film_grain(flat(0.4), SIGMA, torch.tensor([0.5, 1.0, 1.5]), random()) - 0.4
    assert torch.equal(noise[:, 0], noise[:, 1])
    assert torch.equal(noise[:, 0], noise[:, 2])


@pytest.mark.parametrize(
    ("value", "share"), [(0.0, FLOOR), (0.25, FLOOR + 0.75 * (1 - FLOOR)), (0.5, 1.0), (1.0, FLOOR)]
)
def test_grain_is_strongest_in_mid_tones(value: float, share: float) -> None:
    noise = film_grain(flat(value), SIGMA, 0.8, random()) - value
    assert deviations(noise) == pytest.approx(share * SIGMA, rel=0.04)


def test_grain_has_the_tones_of_the_boolean_model() -> None:
    for luma in torch.linspace(0.02, 0.98, 25).tolist():
        picture = flat(luma, 1, 32)
        one, middle = (film_grain(x, 0.1, 1, random()) - x for x in (picture, flat(0.5, 1, 32)))
        assert one.std() / middle.std() == pytest.approx(2 * math.sqrt(luma * (1 - luma)), abs=0.1)


def test_grain_has_its_size() -> None:
    noise = film_grain(flat(0.5), 0.1, 1.2, random()) - 0.5
    expected = math.exp(-((1 / 2.4) ** 2))
    assert correlation(noise, 1) == pytest.approx((expected, expected), abs=0.04)


# files


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_a_better_quality_loses_less(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    noisy = film_grain(luma_of(detailed(1)).expand(4, 3, -1, -1), 0.05, 0.5, random()).clamp(0, 1)
    seen = codec(noisy, [15, 50, 80, 98])
    errors = [error(one, two) for one, two in zip(seen, noisy, strict=True)]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 4 * errors[-1]
    assert torch.equal(seen, quantized(seen))


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_keep_colours_and_sizes(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    picture = torch.tensor([0.9, 0.5, 0.1])[None, :, None, None].repeat(2, 1, 17, 30)
    seen = codec(picture, [95, 95])
    assert seen.shape == picture.shape
    assert (seen - picture).abs().max() < 0.03


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_hold_what_was_clipped(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    picture = torch.tensor([-0.4, 1.4])[:, None, None, None].repeat(1, 3, 16, 16)
    seen = codec(picture, [95, 95])
    assert seen[0].max() < 0.02
    assert seen[1].min() > 0.98


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_files_of_a_batch_are_its_pictures_in_order(
    codec: Callable[[Tensor, list[int]], Tensor],
) -> None:
    pictures = detailed(3)
    together = codec(pictures, [40, 70, 90])
    alone = [codec(pictures[i : i + 1], [q]) for i, q in enumerate([40, 70, 90])]
    assert torch.equal(together, torch.cat(alone))


@pytest.mark.parametrize("codec", [jpeg, webp])
def test_a_quality_for_each_picture(codec: Callable[[Tensor, list[int]], Tensor]) -> None:
    with pytest.raises(ValueError, match="zip"):
        codec(detailed(2), [90])


def test_subsampling_costs_colour() -> None:
    picture = chroma_noise(flat(0.5, 1, 64), 0.05, 0.5, random())
    errors = [error(jpeg(picture, [95], s), picture) for s in ("4:4:4", "4:2:2", "4:2:0")]
    assert errors == sorted(errors)
    assert errors[2] > 2 * errors[0]
    assert torch.equal(jpeg(picture, [95]), jpeg(picture, [95], "4:2:0"))


def test_an_unknown_subsampling_is_refused() -> None:
    with pytest.raises(ValueError, match="4:1:7"):
        jpeg(detailed(1), [90], "4:1:7")


# resampling


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
def test_resampling_takes_the_finest_detail_first(kernel: Kernel) -> None:
    x = torch.arange(96.0)
    left = []
    for period in (2.5, 6.0, 24.0):
        waves = torch.cos(2 * math.pi * x / period).expand(1, 3, 96, 96)
        left.append(float(resampled(waves, 0.5, kernel)[..., 8:-8, 8:-8].std() / waves.std()))
    assert left == sorted(left)
    assert left[0] < 0.15
    assert left[-1] > 0.85


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize("factor", [0.3, 0.77, 1.0])
def test_resampling_keeps_size_place_and_brightness(factor: float, kernel: Kernel) -> None:
    picture = smooth()
    seen = resampled(picture, factor, kernel)
    assert seen.shape == picture.shape
    assert error(seen, picture) < 1e-4
    assert (resampled(flat(0.3, 1, 33), factor, kernel) - 0.3).abs().max() < 1e-6


def test_less_is_left_of_a_smaller_picture() -> None:
    noise = gaussian(flat(0, 1), 0.1, random())
    left = [float(resampled(noise, factor, "bicubic").std()) for factor in (0.3, 0.5, 0.8, 1.0)]
    assert left == sorted(left)


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.01])
def test_a_factor_that_does_not_shrink_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="factor"):
        resampled(smooth(), factor, "bicubic")


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
