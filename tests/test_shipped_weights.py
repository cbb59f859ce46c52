"""The weights in the package are trained ones: they do what their task needs, on a photograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from restore import registry, weights
from restore.backend import Task
from restore.clock import Stopwatch
from restore.job import Job
from restore.masks import Damage, grown
from restore.photo import Photo
from restore.pipeline import Restored, Workers, restore
from restore.pipeline.finding import find_damage

ASTRONAUT = Path(__file__).parents[1] / "docs/photos/astronaut.jpg"


def grey_photo() -> np.ndarray:
    with Image.open(ASTRONAUT) as image:
        return np.asarray(image.convert("L").resize((320, 320)))[..., None].copy()


def by_default(task: Task, pixels: np.ndarray, **wanted: object) -> Restored:
    entry = registry.find(registry.names(task)[0], task)
    locked = weights.verified(entry.models[0])
    options = {**entry.defaults, **{k: v for k, v in wanted.items() if k in entry.defaults}}
    backend = registry.load_class(entry).load(
        task, {"weights": locked.path}, options, torch.device("cpu"), torch.float32
    )
    job = Job(task, entry, None, confidence=bool(wanted.get("confidence")), options=options)
    return restore(Photo(pixels, "PNG"), backend, job, Workers(2), Stopwatch())


def spread_of(pixels: np.ndarray) -> torch.Tensor:
    confidence = by_default(Task.COLORIZE, pixels, confidence=True).confidence
    assert confidence is not None
    return F.avg_pool2d(confidence.spread[None], 5, stride=1)[0]


def test_doubt_belongs_to_the_photo() -> None:
    """An untrained denoiser doubts every cell of every photo alike."""
    one, other = spread_of(grey_photo()), spread_of(np.rot90(grey_photo()).copy())
    assert one.std() > 0.15 * one.mean()
    turned = torch.rot90(one)
    same_place = np.corrcoef(one.flatten(), other.flatten())[0, 1]
    same_content = np.corrcoef(turned.flatten(), other.flatten())[0, 1]
    assert same_content > same_place


def test_a_true_sample_is_no_noise() -> None:
    result = by_default(Task.COLORIZE, grey_photo(), variety=1.0, saturation=1.0).render(0)
    chroma = result[..., 0].astype(float) - result[..., 2]
    coarse = chroma.reshape(32, 10, 32, 10).mean((1, 3))
    neighbours = np.corrcoef(coarse[:, 1:].ravel(), coarse[:, :-1].ravel())[0, 1]
    assert coarse.std() > 4
    assert neighbours > 0.6


@pytest.mark.parametrize("sigma", [10, 25, 50])
def test_noise_goes_and_its_level_is_told(sigma: int) -> None:
    clean = grey_photo().astype(float)
    noise = np.random.default_rng(sigma).normal(0, sigma, clean.shape)
    noisy = (clean + noise).round().clip(0, 255).astype(np.uint8)
    restored = by_default(Task.DENOISE, noisy)
    assert restored.noise is not None
    assert restored.noise.levels is not None
    before, after = (np.square(p - clean).mean() for p in (noisy, restored.render(0)))
    assert 10 * np.log10(before / after) > 3 + sigma / 10
    assert restored.noise.levels.typical[0] == pytest.approx(sigma, rel=0.25)


def found_in(pixels: np.ndarray) -> Damage:
    locked = weights.verified(registry.FINDER.models[0])
    place = torch.device("cpu"), torch.float32
    finder = registry.load_finder().load(locked.paths, *place)
    entry = registry.find(registry.names(Task.INPAINT)[0], Task.INPAINT)
    job = Job(Task.INPAINT, entry, None)
    return find_damage(Photo(pixels, "PNG"), finder, job, Workers(2))


@pytest.mark.parametrize("paint", [250, 5])
def test_scratches_are_seen_and_a_whole_photograph_is_left_alone(paint: int) -> None:
    whole = grey_photo()
    assert found_in(whole).mask.mean() < 0.002
    truth = np.zeros(whole.shape[:2], bool)
    rows = np.arange(10, 310)
    for start, lean in ((60, 0.1), (200, -0.2), (280, 0.0)):
        columns = (start + lean * rows).round().astype(int)
        truth[rows, columns] = truth[rows, columns + 1] = True
    scratched = np.where(truth[..., None], np.uint8(paint), whole)
    seen = truth & (np.abs(scratched[..., 0].astype(int) - whole[..., 0]) > 30)
    mask = found_in(scratched).mask
    assert mask[seen].mean() > 0.5
    around = grown(truth.view(np.uint8), 3).view(bool)
    assert (mask & around).sum() > 0.75 * mask.sum()
