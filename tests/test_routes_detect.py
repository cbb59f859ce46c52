"""The detector's decisions, on drawn pictures and on photographs with simulated noise.

Its constants were chosen on the first 24 BSDS photographs of the training set, and on 48 that
follow the second 24; the second 24 are measured here.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import scene
from PIL import Image
from torch import Tensor

from degrading.camera import photographed
from degrading.codecs import jpeg
from degrading.grain import film_grain
from degrading.impulses import salt_and_pepper
from degrading.periodic import banding, halftone, moire
from restore.routes.detect import Detected, Levels, Route, detect
from restore.routes.sampling import Pixels

PHOTOS = Path(__file__).resolve().parents[2] / "shared/data/train-hires"
LEVEL = 1 / 255

Random = np.random.Generator


def flat(sigma: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, sigma, (200, 240, 3))
    return np.clip(120 + noise, 0, 255).astype(np.uint8)


def levels(value: float) -> Levels:
    return Levels((value, value, value), value)


def test_impulses_go_to_the_median() -> None:
    picture = flat(2)
    picture[::5, ::5] = 255
    found = detect(picture, levels(20))
    assert (found.route, found.kind) == (Route.MEDIAN, "salt-pepper")
    assert found.reason == "at least 1 in 25 pixels is black or white without a neighbour like it"


def test_lines_go_to_the_notches() -> None:
    wave = 10 * np.sin(2 * np.pi * 0.2 * np.arange(240))[None, :, None]
    found = detect(np.clip(flat(2) + wave, 0, 255).astype(np.uint8), levels(8))
    assert (found.route, found.kind) == (Route.NOTCH, "periodic")
    assert found.reason == "lines at 0.200 cycles per pixel all over the picture"
    assert len(found.peaks) == 1


def test_white_noise_goes_to_the_network() -> None:
    found = detect(flat(10), levels(10))
    assert (found.route, found.kind) == (Route.NETWORK, "gaussian")
    assert found.level == 10
    assert "10.0 levels" in found.reason


def test_what_the_network_sees_as_clean_is_clean() -> None:
    found = detect(flat(3), levels(0.4))
    assert (found.route, found.kind) == (Route.NONE, "clean")
    assert found.reason == "the noise is 0.4 levels: nothing to do"


@pytest.mark.parametrize(("typical", "quiet"), [(4.0, 0.2), (2.2, 2.2)])
def test_noise_in_flat_places_or_everywhere_shows(typical: float, quiet: float) -> None:
    found = detect(flat(3), Levels((typical, typical, typical), quiet))
    assert found.route is Route.NETWORK


def test_without_a_network_the_level_is_estimated() -> None:
    assert detect(flat(0), None).route is Route.NONE
    assert detect(flat(10), None).level == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (1, 400)])
def test_tiny_pictures_are_clean(
    size: tuple[int, int], channels: int, dtype: type[np.uint8]
) -> None:
    picture: Pixels = np.full((*size, channels), 200, dtype)
    for given in (None, levels(0.1)):
        assert detect(picture, given).route is Route.NONE


def test_a_tiny_noisy_picture_goes_to_the_network() -> None:
    assert detect(flat(10)[:5, :7], levels(10)).route is Route.NETWORK


def test_16_bits_and_grey_are_told_alike() -> None:
    grey = scene(200, 240)[..., None]
    fine = grey.astype(np.uint16) * np.uint16(257)
    assert detect(grey, None).kind == detect(fine, None).kind == "gaussian"


# What photographs suffer from: (1, 3, H, W) in [0, 1], even sides, and back.


def clean(picture: Tensor, random: Random) -> Tensor:
    return picture


def compressed(picture: Tensor, random: Random) -> Tensor:
    return jpeg(picture, [int(random.choice([75, 85, 95]))])


def fenced(picture: Tensor, random: Random) -> Tensor:
    half = picture.shape[-1] // 2
    fence = torch.sign(torch.sin(torch.arange(half) * (2 * torch.pi / random.uniform(5, 14))))
    return torch.cat([picture[..., :half] + 0.2 * fence, picture[..., half:]], dim=-1)


def gaussian(picture: Tensor, random: Random) -> Tensor:
    noise = torch.from_numpy(random.standard_normal(picture.shape).astype(np.float32))
    return picture + float(random.choice([10, 25])) * LEVEL * noise


def sensor(picture: Tensor, random: Random) -> Tensor:
    gain, read = ((0.002, 0.004), (0.008, 0.008))[random.integers(2)]
    return jpeg(photographed(picture, gain, read, random), [90])


def grain(picture: Tensor, random: Random) -> Tensor:
    return film_grain(picture, 10 * LEVEL, float(random.uniform(0.6, 1.2)), random)


def salted(picture: Tensor, random: Random) -> Tensor:
    per_channel = bool(random.integers(2))
    return salt_and_pepper(picture, float(random.uniform(0.02, 0.1)), random, per_channel)


def periodic(picture: Tensor, random: Random) -> Tensor:
    pattern = (banding, halftone, moire)[random.integers(3)]
    period = float(np.exp(random.uniform(np.log(3), np.log(20))))
    angle = float(random.choice([0, 90, random.uniform(0, 180)]))
    return pattern(picture, float(random.uniform(8, 12)) * LEVEL, period, angle, random)


Degrade = Callable[[Tensor, Random], Tensor]


@pytest.fixture(scope="module")
def photographs() -> list[Tensor]:
    """The second 24 BSDS photographs of the training set, 480x320."""
    if not PHOTOS.is_dir():
        pytest.skip("the training photographs are not here")
    found: list[Tensor] = []
    for shard in sorted(PHOTOS.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                if not member.name.startswith("bsds") or stream is None:
                    continue
                with Image.open(io.BytesIO(stream.read())) as image:
                    pixels = np.array(image.convert("RGB"))
                pixels = pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2]
                found.append(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)
                if len(found) == 48:
                    return found[24:]
    pytest.skip("the training photographs are too few")


def true_levels(noise: Tensor) -> Levels:
    """Return what a perfect network would measure of noise (1, 3, H, W)."""
    cells = torch.nn.functional.avg_pool2d(noise.square(), 8).sqrt()[0].flatten(1) / LEVEL
    quiet = float(cells.quantile(0.2, dim=1).mean())
    return Levels(tuple(cells.median(1).values.tolist()), quiet)


def decisions(photographs: list[Tensor], degrade: Degrade, told: bool) -> list[Detected]:
    """Detect noise that is known: `told` gives its true level, as a perfect network would."""
    found = []
    for seed, picture in enumerate(photographs):
        noisy = degrade(picture, np.random.default_rng(seed)).clamp(0, 1)
        pixels = (noisy[0] * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        found.append(detect(pixels, true_levels(noisy - picture) if told else None))
    return found


KINDS: dict[str, Degrade] = {
    "clean": clean,
    "gaussian": gaussian,
    "sensor": sensor,
    "grain": grain,
    "salt-pepper": salted,
    "periodic": periodic,
}


@pytest.mark.slow
def test_the_kind_of_noise_is_told(photographs: list[Tensor]) -> None:
    """In 95 of 100 cases, given the true level; a clean photograph is never taken for noisy."""
    table = {
        kind: Counter(found.kind for found in decisions(photographs, degrade, told=True))
        for kind, degrade in KINDS.items()
    }
    right = sum(found[kind] for kind, found in table.items())
    assert right >= 0.95 * len(KINDS) * len(photographs), table
    assert table["clean"] == {"clean": len(photographs)}


@pytest.mark.slow
@pytest.mark.parametrize("degrade", [clean, compressed, fenced])
def test_clean_photographs_have_no_classical_route(
    photographs: list[Tensor], degrade: Degrade
) -> None:
    """Without a network's help, rough texture may look like noise, never like lines."""
    routes = Counter(found.route for found in decisions(photographs, degrade, told=False))
    assert routes[Route.MEDIAN] == routes[Route.NOTCH] == 0
    assert routes[Route.NONE] >= 18, routes
