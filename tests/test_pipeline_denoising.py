"""One photo through a denoiser: what is decided about it whatever the backend is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import fakes
import numpy as np
import pytest
import torch
from conftest import scene

from restore import registry
from restore.backend import Backend, Task
from restore.clock import Stopwatch
from restore.errors import BackendError, UsageError
from restore.job import Denoising, Job, Keep, NoiseKind, NoiseMapFile
from restore.photo import Photo
from restore.pipeline import NoiseFound, Restored, Workers, restore
from restore.routes import Route

IDENTITY = registry.find("identity", Task.DENOISE)


def denoised(photo: Photo, backend: Backend | None = None, **wanted: Any) -> Restored:
    job = Job(Task.DENOISE, IDENTITY, None, denoising=Denoising(**wanted))
    return restore(photo, backend or fakes.Smoother(), job, Workers(2), Stopwatch())


def found(restored: Restored) -> NoiseFound:
    assert restored.noise is not None
    return restored.noise


def noisy(height: int = 90, width: int = 120, sigma: float = 10.0, channels: int = 3) -> Photo:
    clean = scene(height, width)[..., None].repeat(channels, -1).astype(float)
    noise = np.random.default_rng(5).normal(0, sigma, clean.shape)
    return Photo((clean + noise).round().clip(0, 255).astype(np.uint8), "PNG")


def page(height: int = 192, width: int = 256) -> Photo:
    """A clean page with a drawing in its middle: all structure, no noise."""
    pixels = np.full((height, width, 3), 200, np.uint8)
    pixels[64:128:6, 80:176] = 20
    pixels[64:128, 80:176:10] = 60
    return Photo(pixels, "PNG")


def change(photo: Photo, restored: Restored) -> np.ndarray:
    after = restored.render(0).astype(float)
    difference: np.ndarray = photo.pixels.astype(float) - after
    return difference


def test_strength_zero_changes_nothing() -> None:
    photo = noisy()
    restored = denoised(photo, strength=0.0)
    assert restored.unchanged
    assert np.array_equal(restored.render(0), photo.pixels)


def test_half_the_strength_removes_half() -> None:
    photo = noisy()
    whole = change(photo, denoised(photo, keep=Keep.NONE))
    half = change(photo, denoised(photo, keep=Keep.NONE, strength=0.5))
    assert np.abs(half - whole / 2).max() <= 0.5
    assert np.abs(whole).max() > 5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_grey_and_depth_stays(channels: int, dtype: type) -> None:
    photo = noisy(channels=channels)
    unit = 257 if dtype is np.uint16 else 1
    photo = Photo(photo.pixels.astype(dtype) * unit, "PNG")
    result = denoised(photo).render(0)
    assert result.shape == photo.pixels.shape
    assert result.dtype == dtype


def test_a_photo_without_noise_stays_as_it_is() -> None:
    photo = Photo(np.full((64, 64, 3), 120, np.uint8), "PNG")
    restored = denoised(photo, fakes.Silent())
    assert restored.unchanged
    assert found(restored).detected.route is Route.NONE
    assert np.array_equal(restored.render(0), photo.pixels)


def test_detail_is_given_back_where_a_backend_smooths_structure() -> None:
    photo = page()
    told: Mapping[str, Any] = {"sigma": 10.0}
    kept, lost = denoised(photo, **told), denoised(photo, **told, keep=Keep.NONE)
    assert np.square(change(photo, kept)).mean() < 0.2 * np.square(change(photo, lost)).mean()
    first = found(kept).first
    assert first is not None
    assert first.random_share < 0.6


def test_the_level_is_measured_in_levels() -> None:
    noise = found(denoised(noisy()))
    assert noise.levels is not None
    assert noise.levels.typical == (10.0, 10.0, 10.0)
    assert all(level == 10.0 for _, level in noise.levels.by_brightness())


def test_a_told_level_reaches_the_backend() -> None:
    photo = noisy()
    result = denoised(photo, fakes.Plotter(), sigma=50.0, keep=Keep.NONE).render(0)
    assert (result == photo.pixels - np.minimum(photo.pixels, 25)).all()


def test_told_that_there_is_no_noise_it_changes_nothing() -> None:
    restored = denoised(noisy(), sigma=0.0)
    assert restored.unchanged
    assert "nothing to do" in found(restored).sentence


@pytest.mark.parametrize("size", [(9, 9), (2, 3000), (400, 23), (60, 60)])
def test_a_tiny_photo_is_not_judged_and_that_it_was_denoised_is_said(
    size: tuple[int, int],
) -> None:
    restored = denoised(noisy(*size), sigma=20.0)
    assert not restored.unchanged
    assert found(restored).sentence.startswith("it was denoised; it is too small to tell")


@pytest.mark.parametrize("size", [(64, 64), (24, 200)])
def test_a_small_photo_is_judged(size: tuple[int, int]) -> None:
    assert "small" not in found(denoised(noisy(*size), sigma=20.0)).sentence


def test_a_told_map_reaches_the_backend_in_place() -> None:
    photo = noisy(64, 128)
    levels = np.zeros((64, 128), np.float32)
    levels[:, 64:] = 40
    told = NoiseMapFile("map.png", "0" * 64, levels)
    result = denoised(photo, fakes.Plotter(), sigma=told, keep=Keep.NONE).render(0)
    darker = photo.pixels - np.minimum(photo.pixels, 20)
    assert (result[:, :64] == photo.pixels[:, :64]).all()
    assert (result[:, 72:] == darker[:, 72:]).all()


def test_a_told_map_of_another_size_is_refused() -> None:
    told = NoiseMapFile("map.png", "0" * 64, np.zeros((10, 20), np.float32))
    with pytest.raises(UsageError, match="20 x 10 pixels, the photo is 120 x 90"):
        denoised(noisy(), sigma=told)


def test_levels_that_are_none_break_the_contract() -> None:
    with pytest.raises(BackendError, match="WrongLevels measured noise that cannot be"):
        denoised(noisy(), fakes.WrongLevels())


def with_specks(clean: np.ndarray) -> Photo:
    speckled = clean.copy()
    random = np.random.default_rng(0).random(clean.shape[:2])
    speckled[random < 0.04] = 255
    speckled[random > 0.96] = 0
    return Photo(speckled, "PNG")


def test_salt_and_pepper_goes_by_the_median() -> None:
    clean = np.full((80, 100, 3), 128, np.uint8)
    clean[:, 50:] = 60
    restored = denoised(with_specks(clean), fakes.Silent())
    assert found(restored).detected.route is Route.MEDIAN
    assert found(restored).sentence.endswith("of the pixels changed")
    assert found(restored).detected.then is None
    assert (restored.render(0) == clean).mean() > 0.99


def test_noise_under_specks_is_left_to_the_network() -> None:
    flat = np.full((80, 100, 3), 128, np.uint8)
    photo = with_specks((flat + np.random.default_rng(1).normal(0, 10, flat.shape)).astype("u1"))
    restored = denoised(photo, keep=Keep.NONE, removed=True, noise_map=True)
    noise = found(restored)
    assert noise.detected.route is Route.MEDIAN
    assert noise.detected.then is not None
    assert noise.detected.then.route is Route.NETWORK
    assert "of the pixels changed; noise of 10.0 levels was left to the network" in noise.sentence
    assert noise.first is not None
    assert noise.first.amount < 15  # the network's part, without the specks
    assert restored.render(0).std() < 3
    specks = (photo.pixels == 255).all(2)
    assert (restored.maps["removed"]()[specks] > 200).all()


def test_half_the_strength_removes_half_of_specks_and_noise() -> None:
    photo = with_specks(noisy().pixels)
    whole = change(photo, denoised(photo, keep=Keep.NONE))
    half = change(photo, denoised(photo, keep=Keep.NONE, strength=0.5))
    assert np.abs(half - whole / 2).max() <= 1
    assert np.abs(whole).max() > 100


def test_asked_for_the_median_alone_is_taken() -> None:
    photo = with_specks(noisy().pixels)
    assert found(denoised(photo, noise=NoiseKind.SALT_PEPPER)).detected.then is None


@pytest.mark.parametrize("noise", [NoiseKind.AUTO, NoiseKind.PERIODIC])
def test_rows_of_random_brightness_are_straightened(noise: NoiseKind) -> None:
    clean = noisy(200, 240, sigma=2).pixels
    offsets = np.random.default_rng(1).normal(0, 5, (200, 1, 1))
    uneven = (clean + offsets).round().clip(0, 255).astype(np.uint8)
    restored = denoised(Photo(uneven, "PNG"), fakes.Silent(), noise=noise)
    assert found(restored).detected.route is Route.NOTCH
    assert (restored.render(0) - clean.astype(float)).std() < 0.5 * (
        uneven - clean.astype(float)
    ).std()


def test_a_backend_that_changes_nothing_took_no_route() -> None:
    identity = registry.load_class(IDENTITY).load(
        Task.DENOISE, {}, {}, torch.device("cpu"), torch.float32
    )
    photo = noisy()
    restored = denoised(photo, identity, removed=True)
    noise = found(restored)
    assert noise.detected.route is Route.NONE
    assert noise.detected.kind == "gaussian"
    assert "backend 'identity' changed nothing" in noise.detected.reason
    assert (noise.first, noise.last) == (None, None)
    assert "nothing was removed" in noise.sentence
    assert restored.unchanged
    assert np.array_equal(restored.render(0), photo.pixels)
    assert (restored.maps["removed"]() == 128).all()


@pytest.mark.parametrize(
    ("kind", "route"), [("salt-pepper", Route.MEDIAN), ("gaussian", Route.NETWORK)]
)
def test_a_kind_can_be_forced(kind: str, route: Route) -> None:
    photo = noisy()
    photo.pixels[30, 40] = 255
    noise = found(denoised(photo, noise=NoiseKind(kind)))
    assert noise.detected.route is route
    assert "--noise" in noise.detected.reason


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("periodic", "neither a regular pattern nor uneven rows were found"),
        ("salt-pepper", "no single black or white pixels were found"),
    ],
)
def test_a_filter_that_finds_nothing_says_so(kind: str, said: str) -> None:
    photo = Photo(np.full((150, 160, 3), 120, np.uint8), "PNG")
    restored = denoised(photo, noise=NoiseKind(kind))
    assert restored.unchanged
    assert found(restored).detected.route is Route.NONE
    assert found(restored).sentence == f"{said}: nothing was changed"
    assert said in found(restored).detected.reason


def speckled() -> Photo:
    pixels = np.full((80, 100, 3), 128, np.uint8)
    pixels[np.random.default_rng(0).random((80, 100)) < 0.04] = 255
    return Photo(pixels, "PNG")


def test_what_a_forced_filter_did_is_said_in_plain_words() -> None:
    sentence = found(denoised(speckled(), noise=NoiseKind.SALT_PEPPER)).sentence
    assert re.fullmatch(
        r"single black and white pixels were replaced: \d\.\d% of the pixels changed", sentence
    )


@pytest.mark.parametrize("keep", [None, *Keep])
def test_a_wish_that_a_filter_does_not_heed_is_noted(keep: Keep | None) -> None:
    restored = denoised(speckled(), keep=keep)
    assert found(restored).detected.route is Route.MEDIAN
    if keep in (None, Keep.NONE):
        assert restored.notices == ()
    else:
        (notice,) = restored.notices
        assert notice.startswith(f"--keep {keep} is for the network")


def test_settings_claim_nothing_that_a_forced_filter_does_not_do() -> None:
    def keep(**wanted: object) -> object:
        job = Job(Task.DENOISE, IDENTITY, None, denoising=Denoising(**wanted))
        return job.picture_settings["keep"]

    assert keep() == "detail"
    for noise in (NoiseKind.PERIODIC, NoiseKind.SALT_PEPPER):
        assert keep(noise=noise) == "none"


def test_what_is_more_than_noise_is_not_called_a_level() -> None:
    loud = fakes.Smoother()
    loud.level = 300 / 255
    reason = found(denoised(noisy(), loud)).detected.reason
    assert reason == "it reads as 128 levels or more, which no noise has"


def test_maps_are_drawn_when_asked_for() -> None:
    photo = noisy()
    assert denoised(photo).maps == {}
    maps = denoised(photo, removed=True, noise_map=True).maps
    removed, noise = maps["removed"](), maps["noise"]()
    assert removed.shape == photo.pixels.shape
    assert abs(float(removed.mean()) - 128) < 4
    assert removed.std() > 20
    assert noise.shape == (90, 120, 1)
    assert noise.dtype == np.uint16
    assert (noise == 10 * 256).all()


def test_threads_change_nothing() -> None:
    photo = noisy(150, 170)
    job = Job(Task.DENOISE, IDENTITY, None)
    one, many = (
        restore(photo, fakes.Smoother(), job, Workers(threads), Stopwatch()).render(0)
        for threads in (1, 5)
    )
    assert np.array_equal(one, many)


def test_a_backend_that_measures_nothing_is_served_too() -> None:
    restored = denoised(noisy(sigma=25), registry.load_class(IDENTITY)(scale=1))  # type: ignore[call-arg]
    assert restored.unchanged
    assert found(restored).levels is None


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (7, 5), (9, 200)])
def test_any_size(size: tuple[int, int]) -> None:
    for keep in Keep:
        photo = noisy(*size)
        assert denoised(photo, sigma=10.0, keep=keep).render(0).shape == photo.pixels.shape


def test_no_more_goes_than_a_told_level_says_whatever_the_backend_takes() -> None:
    photo = noisy(sigma=15)
    gone = {
        told: np.abs(
            change(photo, denoised(photo, fakes.Smoother(), sigma=told, keep=Keep.NONE))
        ).mean()
        for told in (1.0, 5.0, 40.0)
    }
    assert gone[1.0] < 2
    assert gone[5.0] < 6
    assert gone[40.0] > 2 * gone[5.0]


def test_where_a_told_map_is_black_nothing_changes() -> None:
    photo = noisy(96, 128, sigma=15)
    levels = np.zeros((96, 128), np.float32)
    levels[:, 64:] = 15
    told = NoiseMapFile("map.png", "0" * 64, levels)
    changed = change(photo, denoised(photo, fakes.Smoother(), sigma=told, keep=Keep.NONE))
    assert not changed[:, :64].any()
    assert np.abs(changed[:, 72:]).mean() > 5


def test_a_backend_that_mends_is_used_without_noise_and_after_a_filter() -> None:
    mending = dataclasses.replace(IDENTITY, mends=True)
    clean = Photo(scene(120, 160)[..., None].repeat(3, -1), "PNG")
    specked = Photo(clean.pixels.copy(), "PNG")
    places = np.random.default_rng(3).random((120, 160))
    specked.pixels[places < 0.03], specked.pixels[places > 0.97] = 0, 255
    for photo, routes in ((clean, ["network"]), (specked, ["median", "network"])):
        job = Job(Task.DENOISE, mending, None)
        first = found(restore(photo, fakes.Silent(), job, Workers(2), Stopwatch())).detected
        assert [str(one.route) for one in (first, first.then) if one] == routes


def test_a_backend_that_mends_keeps_nothing_unless_asked_to() -> None:
    mending = dataclasses.replace(IDENTITY, mends=True)
    assert Job(Task.DENOISE, mending, None).kept is Keep.NONE
    wanted = Denoising(keep=Keep.DETAIL)
    assert Job(Task.DENOISE, mending, None, denoising=wanted).kept is Keep.DETAIL


def test_mending_a_clean_photo_is_warned_of() -> None:
    mending = dataclasses.replace(IDENTITY, mends=True)
    photo = Photo(scene(120, 160)[..., None].repeat(3, -1), "PNG")
    for backend, is_warned in ((fakes.Silent(), True), (fakes.Smoother(), False)):
        job = Job(Task.DENOISE, mending, None)
        restored = restore(photo, backend, job, Workers(2), Stopwatch())
        assert any("comes to harm" in notice for notice in restored.notices) == is_warned
