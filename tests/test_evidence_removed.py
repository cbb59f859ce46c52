from __future__ import annotations

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from degrading.camera import photographed
from degrading.chain import smoothed
from restore import evidence
from restore.evidence import Removed
from restore.evidence.removed import BLOCK, Pixels

Picture = NDArray[np.uint8]

PHOTOS = Path(__file__).parents[2] / "shared" / "data" / "train-hires" / "train-hires-00.tar"


def rounded(values: NDArray[np.floating]) -> Picture:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def blurred(picture: NDArray[np.generic], sigma: float = 1.5) -> NDArray[np.float64]:
    reach = np.arange(-6, 7)
    kernel = np.exp(-(reach**2) / 2 / sigma**2)
    result = picture.astype(np.float64)
    for axis in (0, 1):
        padding = [(6, 6) if side == axis else (0, 0) for side in range(3)]
        padded = np.pad(result, padding, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 13, axis=axis)
        result = windows @ (kernel / kernel.sum())
    return result


def drawn(height: int = 240, width: int = 320) -> Picture:
    """Draw a sky, a meadow with texture, and a house with hard edges: (H, W, 3)."""
    y, x = np.mgrid[0:height, 0:width]
    random = np.random.default_rng(7)
    sky = np.stack([150 + 0.3 * y, 175 + 0.2 * y, 215 - 0.1 * y], axis=-1)
    grass = blurred(random.normal(0, 60, (height, width, 1)), 0.8) + np.array([70, 115, 55])
    picture = np.where((y > 0.55 * height)[..., None], grass, sky)
    house = (np.abs(x - 0.5 * width) < 50) & (np.abs(y - 0.5 * height) < 40)
    picture[house] = (170, 80, 60)
    picture[house & (x % 24 < 9) & (y % 24 < 13)] = (30, 30, 45)
    return rounded(picture)


def noisy(picture: Picture, sigma: float) -> Picture:
    return rounded(picture + np.random.default_rng(1).normal(0, sigma, picture.shape))


def written_on(picture: Picture) -> Picture:
    image = Image.fromarray(picture)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=18)
    for top in range(20, len(picture) - 20, 60):
        draw.text((12, top), "Summer 1974, the lake", fill=(255, 240, 40), font=font)
    return np.array(image)


def removed(
    before: Pixels, after: Pixels, rows: int = 64, level: torch.Tensor | None = None
) -> Removed:
    statistics = evidence.RemovedStatistics(after.shape[:2], level)
    for top in range(0, len(after), rows):
        statistics.add(top, before[top : top + rows], after[top : top + rows])
    return statistics.result()


def kept_detail(before: Picture, after: Picture) -> Picture:
    kept = evidence.Kept(removed(before, after).keep, after.shape[:2])
    factor = kept.rows(0, len(after)).numpy()[..., None]
    return rounded(before - factor * (before.astype(np.float32) - after))


@pytest.fixture(scope="module", params=["drawn", "bsds_train_103041.jpg", "bsds_train_118035.jpg"])
def photo(request: pytest.FixtureRequest) -> Picture:
    if request.param == "drawn":
        return drawn()
    if not PHOTOS.exists():
        pytest.skip("the photographs for training are not here")
    with tarfile.open(PHOTOS) as tar:
        file = tar.extractfile(request.param)
        assert file is not None
        picture = np.array(Image.open(io.BytesIO(file.read())).convert("RGB"))
    return picture[: len(picture) // 2 * 2, : picture.shape[1] // 2 * 2]


@pytest.mark.parametrize("sigma", [5, 15, 25, 50])
def test_white_noise_looks_random(photo: Picture, sigma: float) -> None:
    layer = removed(noisy(photo, sigma), photo)
    assert layer.random_share >= 0.95
    assert layer.whiteness > 0.9
    assert abs(layer.edge_correlation) < 0.1
    assert float(layer.keep.mean()) > 0.97


def test_white_noise_of_a_grey_photo_looks_random(photo: Picture) -> None:
    grey = photo[..., :1]
    assert removed(noisy(grey, 25), grey).random_share >= 0.95


@pytest.mark.parametrize("soft", [False, True])
def test_sensor_noise_looks_random(photo: Picture, soft: bool) -> None:
    def taken(gain: float, read: float) -> torch.Tensor:
        picture = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
        return photographed(picture, gain, read, np.random.default_rng(2))

    def integers(picture: torch.Tensor) -> Picture:
        return rounded(picture[0].permute(1, 2, 0).numpy() * 255)

    clean, shot = taken(1e-9, 0), taken(0.002, 0.004)
    if soft:
        shot = clean + smoothed(shot - clean, torch.tensor([1.0]))
    layer = removed(integers(shot), integers(clean))
    assert layer.random_share >= 0.9
    assert layer.whiteness < 0.8


def test_removed_text_follows_edges_and_is_given_back(photo: Picture) -> None:
    before = written_on(photo)
    assert removed(before, photo).random_share <= 0.6
    after = kept_detail(before, photo)
    assert removed(before, after).random_share >= 0.85
    assert np.abs(before.astype(int) - after).mean() < 0.1


def test_text_is_given_back_but_not_the_noise_elsewhere(photo: Picture) -> None:
    before = noisy(written_on(photo), 10)
    after = kept_detail(before, photo)
    text = np.abs(written_on(photo).astype(int) - photo).max(2) > 60
    far = blurred(text[..., None] * 255.0, 4)[..., 0] < 1e-3
    assert np.abs(after.astype(int) - photo)[text].mean() > 50
    assert np.abs(after.astype(int) - photo)[far].mean() < 2


def test_detail_that_a_blur_took_is_given_back(photo: Picture) -> None:
    after = rounded(blurred(photo))
    layer = removed(photo, after)
    assert layer.random_share <= 0.6
    assert layer.edge_correlation > 0.1
    assert removed(photo, kept_detail(photo, after)).random_share >= 0.85


def test_a_blur_of_a_noisy_photo_takes_less_noise_than_a_denoiser(photo: Picture) -> None:
    before = noisy(photo, 10)
    blur = removed(before, rounded(blurred(before)))
    assert blur.random_share < removed(before, photo).random_share - 0.05


def test_text_on_a_clean_page_is_not_noise() -> None:
    page = np.full((200, 300, 3), 250, np.uint8)
    layer = removed(written_on(page), page)
    assert layer.random_share < 0.05
    assert layer.edge_correlation == 0  # nothing stayed that it could follow
    assert np.array_equal(kept_detail(written_on(page), page), written_on(page))


def test_nothing_removed_is_said() -> None:
    layer = removed(drawn(), drawn())
    assert (layer.amount, layer.mean_change, layer.random_share) == (0, 0, 1)
    assert (layer.keep == 1).all()
    assert evidence.advice(layer) == "nothing was removed"


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (1, 40), (9, 8)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_photos_give_finite_numbers(size: tuple[int, int], channels: int) -> None:
    random = np.random.default_rng(3)
    before, after = (random.integers(0, 256, (*size, channels)).astype(np.uint8) for _ in range(2))
    layer = removed(before, after, rows=8)
    numbers = (layer.amount, layer.mean_change, layer.random_share)
    assert np.isfinite([*numbers, layer.edge_correlation, layer.whiteness]).all()
    assert layer.keep.shape == (-(-size[0] // 8), -(-size[1] // 8))
    assert layer.keep.isfinite().all()
    assert evidence.Kept(layer.keep, size).rows(0, size[0]).shape == size


def test_amounts_are_those_of_the_pixels_at_8_and_16_bits() -> None:
    before, after = noisy(drawn(45, 61), 12), drawn(45, 61)
    difference = before.astype(float) - after
    layer = removed(before, after)
    assert layer.amount == pytest.approx(np.sqrt(np.square(difference).mean()), rel=1e-5)
    assert layer.mean_change == pytest.approx(np.abs(difference).mean(), rel=1e-5)
    deep = removed(before.astype(np.uint16) * 257, after.astype(np.uint16) * 257)
    assert deep.amount == pytest.approx(layer.amount, rel=1e-5)
    assert deep.random_share == pytest.approx(layer.random_share, abs=1e-4)


def test_neither_strips_nor_threads_nor_order_matter() -> None:
    before, after = noisy(drawn(), 20), rounded(blurred(drawn()))
    whole = removed(before, after, rows=240)
    statistics = evidence.RemovedStatistics(after.shape[:2])
    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda top: statistics.add(top, before[top : top + 8], after[top : top + 8]),
                reversed(range(0, 240, 8)),
            )
        )
    cut = statistics.result()
    assert cut.random_share == pytest.approx(whole.random_share, abs=1e-6)
    assert cut.edge_correlation == pytest.approx(whole.edge_correlation, abs=1e-6)
    torch.testing.assert_close(cut.keep, whole.keep)


def test_factors_lie_on_their_blocks_whatever_the_size() -> None:
    keep = torch.ones(5, 6)
    keep[3, 4] = 0
    rows = evidence.Kept(keep, (33, 41)).rows(0, 33)
    assert rows.shape == (33, 41)
    assert float(rows[27:29, 35:37].max()) < 0.2
    assert float(rows[:20].min()) == 1
    parts = [evidence.Kept(keep, (33, 41)).rows(top, top + 11) for top in (0, 11, 22)]
    torch.testing.assert_close(torch.cat(parts), rows)


def test_edges_that_a_camera_blurred_and_a_denoiser_repairs_are_not_given_back(
    photo: Picture,
) -> None:
    before = noisy(rounded(blurred(photo, 0.5)), 3)
    layer = removed(before, photo)
    assert layer.edge_correlation < -0.3
    assert layer.random_share >= 0.9
    after = kept_detail(before, photo)
    assert np.square(after.astype(float) - photo).mean() < 0.1


def sample(random_share: float, amount: float = 5, edges: float = 0) -> Removed:
    return Removed(amount, 4, random_share, edges, 1, torch.ones(1, 1), 1)


def test_advice_names_a_lower_strength() -> None:
    assert evidence.advice(sample(0.964)) == "96% of what was removed looks random"
    found = "41% of what was removed follows edges: lower --strength to 0.6"
    assert evidence.advice(sample(0.59)) == found
    assert evidence.advice(sample(0.5), strength=0.6).endswith("to 0.3")
    assert evidence.advice(sample(0.5), strength=0.1) == "50% of what was removed follows edges"


def test_advice_does_not_contradict_the_correlation_with_edges() -> None:
    random = "97% of what was removed looks random"
    assert evidence.advice(sample(0.97, edges=0.3)) == random
    found = f"{random}, but it follows edges: lower --strength to 0.7"
    assert evidence.advice(sample(0.97, edges=0.6)) == found
    # Part of the noise stays, so what went is like what stayed.
    assert evidence.advice(sample(0.97, edges=0.6), strength=0.7) == random
    assert "follows edges" in evidence.advice(sample(0.59, edges=0.6))


@pytest.mark.parametrize("sigma", [0.7, 1.0])
def test_a_blur_of_texture_all_over_is_said_to_follow_edges(sigma: float) -> None:
    random = np.random.default_rng(5)
    meadow = rounded(blurred(random.normal(110, 90, (240, 320, 3)), 0.9))
    layer = removed(meadow, rounded(blurred(meadow, sigma)))
    assert layer.random_share > 0.85  # by its energy, which is the same everywhere
    assert "follows edges: lower --strength" in evidence.advice(layer)
    assert "follows" not in evidence.advice(removed(noisy(meadow, 12), meadow))


def test_the_layer_is_shown_around_grey() -> None:
    before = np.array([[[10, 20, 250]]], np.uint8)
    after = np.array([[[20, 20, 100]]], np.uint8)
    assert evidence.shown(before, after, 2).tolist() == [[[108, 128, 255]]]
    deep = evidence.shown(before.astype(np.uint16) * 257, after.astype(np.uint16) * 257, 2)
    assert deep.tolist() == [[[108, 128, 255]]]


def test_the_gain_fills_the_range_with_three_deviations() -> None:
    gains = [evidence.display_gain(amount) for amount in (0, 1, 5, 10, 20, 60)]
    assert gains == [16, 16, 8, 4, 2, 1]


def blotched(photo: Picture) -> tuple[Picture, torch.Tensor]:
    """Return it with noise of three levels, and of nine in some places; and the level's map."""
    h, w = (-(-side // BLOCK) for side in photo.shape[:2])
    strong = np.zeros((h, w), bool)
    strong[::5, ::4] = strong[1::5, ::4] = strong[::5, 1::4] = strong[1::5, 1::4] = True
    level = np.where(strong, 9.0, 3.0)
    fine = np.kron(level, np.ones((BLOCK,) * 2))[: photo.shape[0], : photo.shape[1], None]
    noise = np.random.default_rng(5).normal(0, 1, photo.shape)
    return rounded(np.clip(photo, 40, 215) + fine * noise), torch.from_numpy(level).float()


def test_noise_that_was_measured_is_no_structure_where_it_is_stronger_than_elsewhere() -> None:
    photo = np.clip(drawn(), 40, 215)
    before, level = blotched(photo)
    assert removed(before, photo).random_share < 0.8
    assert removed(before, photo, level=level).random_share > 0.95


def test_a_measured_level_vouches_for_nothing_if_little_of_it_was_removed() -> None:
    page = np.full((240, 320, 3), 60, np.uint8)
    before = written_on(page)
    unmeasured = removed(before, page)
    assert unmeasured.random_share < 0.6
    far_too_high = torch.full((30, 40), 200.0)
    measured = removed(before, page, level=far_too_high)
    assert measured.random_share == unmeasured.random_share
    torch.testing.assert_close(measured.keep, unmeasured.keep)


@pytest.mark.parametrize("frame", [0, 255])
def test_a_black_or_white_frame_does_not_make_structure_of_noise(frame: int) -> None:
    photo = np.clip(drawn(), 60, 195)
    photo[:6], photo[-6:], photo[:, :6], photo[:, -6:] = frame, frame, frame, frame
    layer = removed(noisy(photo, 20), photo)
    assert layer.random_share > 0.95
    assert float(layer.keep.mean()) > 0.95


def test_what_is_left_is_judged_by_what_was_believed_of_all() -> None:
    photo = np.clip(drawn(), 40, 215)
    before, level = blotched(photo)
    statistics = evidence.RemovedStatistics(photo.shape[:2], level)
    half = rounded((before.astype(float) + photo) / 2)  # a quarter of the energy went
    statistics.add(0, before, half)
    assert statistics.result(1.0).believed == 1
    assert statistics.result().believed < 0.5


def test_no_more_goes_than_noise_of_the_told_level_has() -> None:
    before, after = (
        noisy(np.full((64, 96, 3), 128, np.uint8), 15),
        np.full((64, 96, 3), 128, np.uint8),
    )
    energy = evidence.energy_of(before, after)
    assert energy.shape == (8, 12)
    assert float(np.sqrt(energy.mean())) == pytest.approx(15, rel=0.05)
    for told, least, most in ((15.0, 0.99, 1.0), (5.0, 0.3, 0.5), (0.0, 0.0, 0.0)):
        factors = evidence.most_that_goes(energy, torch.full((8, 12), told))
        assert least <= float(factors.mean()) <= most


def test_the_sentence_says_how_much_was_given_back() -> None:
    layer = removed(noisy(drawn(), 10), drawn())
    assert "looks random" in evidence.advice(layer)
    said = evidence.advice(layer, given_back=0.62)
    assert said.startswith("62% of what the network took was given back")
    assert "--keep none" in said
