"""What every row of the table promises, with tiny random weights, on the CPU."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import scene
from tiny import MAKERS

from restore import color, registry, weights
from restore.backend import SCALES, Backend, Entry, Gives, Task, Value
from restore.clock import Stopwatch
from restore.errors import BackendError
from restore.job import Job, MaskFile
from restore.photo import Photo
from restore.pipeline import Workers, restore

ROWS = [pytest.param(entry, task, id=f"{entry.name}-{task}")
        for entry in registry.BACKENDS for task in entry.tasks]  # fmt: skip
SIZES = [(1, 1), (7, 300), (65, 64), (130, 97)]


TinyWeights = Callable[[str], Mapping[str, Path]]


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> TinyWeights:
    """Return small random weights for a backend, by name."""
    made: dict[str, dict[str, Path]] = {}

    def make(name: str) -> dict[str, Path]:
        if name not in made:
            made[name] = MAKERS[name](tmp_path_factory.mktemp(name))
        return made[name]

    return make


@pytest.fixture(scope="module")
def loaded(tiny_weights: TinyWeights) -> Callable[..., Backend]:
    """Load a row with tiny weights and options as they are given."""

    def loaded(entry: Entry, task: Task, options: Mapping[str, Value]) -> Backend:
        return registry.load_class(entry).load(
            task, tiny_weights(entry.name), options, torch.device("cpu"), torch.float32
        )

    return loaded


@pytest.fixture(scope="module")
def load(loaded: Callable[..., Backend]) -> Callable[..., Backend]:
    """Load a row with tiny weights: `load(entry, task, steps=2)`."""

    def load(entry: Entry, task: Task, **changes: Value) -> Backend:
        return loaded(entry, task, {**entry.defaults_of(task), **changes})

    return load


def pixels(
    backend: Backend,
    entry: Entry,
    task: Task,
    photo: Photo,
    *,
    sample: int = 0,
    samples: int = 1,
    seed: int = 0,
    threads: int = 2,
) -> np.ndarray:
    options = entry.defaults_of(task)
    job = Job(task, entry, None, seed=seed, samples=samples, options=options)
    restored = restore(photo, backend, job, Workers(threads), Stopwatch(), mask_for(photo))
    return restored.render(sample)


def drawn(height: int, width: int, dtype: type = np.uint8, channels: int = 1) -> Photo:
    grey = scene(height, width)[..., None].repeat(channels, -1)
    return Photo(grey.astype(dtype) * (257 if dtype is np.uint16 else 1), "PNG")


def mask_for(photo: Photo) -> MaskFile:
    """Return the mask of a scratch, which tasks that fill nothing leave alone."""
    values = np.zeros(photo.pixels.shape[:2], np.uint8)
    values[1:, values.shape[1] // 2] = 255
    return MaskFile("mask.png", "", values)


def test_every_row_has_tiny_weights() -> None:
    assert MAKERS.keys() == {entry.name for entry in registry.BACKENDS}


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_reduced_precision_is_the_network_s_and_not_the_picture_s(
    entry: Entry, task: Task, tiny_weights: TinyWeights, load: Callable[..., Backend]
) -> None:
    place = torch.device("cpu"), torch.bfloat16
    options = entry.defaults_of(task)
    reduced = registry.load_class(entry).load(task, tiny_weights(entry.name), options, *place)
    ramp = np.linspace(20_000, 40_000, 64 * 64).round().astype(np.uint16)
    photo = Photo(ramp.reshape(64, 64, 1).repeat(3, -1), "PNG")
    exact, result = (
        pixels(backend, entry, task, photo).astype(float)
        for backend in (load(entry, task), reduced)
    )
    assert np.abs(result - exact).max() < 65535 * 0.05
    if reduced.gives is Gives.RGB:  # bfloat16 has 128 numbers between 0.25 and 0.5
        assert len(np.unique(result)) > 1000


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_size_and_depth_are_kept(
    entry: Entry, task: Task, size: tuple[int, int], load: Callable[..., Backend]
) -> None:
    backend = load(entry, task)
    for dtype in (np.uint8, np.uint16):
        photo = drawn(*size, dtype)
        result = pixels(backend, entry, task, photo)
        # Grey stays grey where no colour is added.
        channels = 3 if task is Task.COLORIZE else 1
        assert result.shape == (size[0] * backend.scale, size[1] * backend.scale, channels)
        assert result.dtype == dtype
        if task is Task.COLORIZE:
            before, after = (color.lightness(torch.from_numpy(p)) for p in (photo.pixels, result))
            assert (after - before).abs().max() <= 100 / 255


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_a_colour_photo_is_taken(entry: Entry, task: Task, load: Callable[..., Backend]) -> None:
    backend = load(entry, task)
    grey = pixels(backend, entry, task, drawn(40, 50))
    coloured = pixels(backend, entry, task, drawn(40, 50, channels=3))
    assert coloured.shape[2] == 3
    # A denoiser's answer to R = G = B need not be grey itself; grey photos get its mean. Three
    # channels are rounded, and so is their mean.
    assert np.abs(coloured.mean(2, keepdims=True) - grey.mean(2, keepdims=True)).max() <= 1


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_neither_company_nor_threads_change_a_sample(
    entry: Entry, task: Task, load: Callable[..., Backend]
) -> None:
    photo = drawn(130, 97)
    alone = pixels(load(entry, task), entry, task, photo, threads=1)
    assert np.array_equal(alone, pixels(load(entry, task), entry, task, photo, threads=7))
    many = load(entry, task)
    assert np.array_equal(alone, pixels(many, entry, task, photo, samples=4))
    last = pixels(many, entry, task, photo, sample=2, samples=3)
    assert np.array_equal(last, pixels(many, entry, task, photo, sample=2, samples=4))
    assert np.array_equal(alone, last) is not entry.draws


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_the_seed_decides_where_there_are_draws(
    entry: Entry, task: Task, load: Callable[..., Backend]
) -> None:
    backend, photo = load(entry, task), drawn(64, 80)
    one, other = (pixels(backend, entry, task, photo, seed=seed) for seed in (1, 2))
    assert np.array_equal(one, other) is not entry.draws


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_doubt_is_measured_or_refused(
    entry: Entry, task: Task, load: Callable[..., Backend]
) -> None:
    job = Job(task, entry, None, confidence=True, options=entry.defaults_of(task))
    photo = drawn(40, 60)
    arguments = (photo, load(entry, task), job, Workers(2), Stopwatch(), mask_for(photo))
    if entry.draws:
        doubt = restore(*arguments).confidence
        assert doubt is not None
        scale = arguments[1].scale
        assert doubt.render().shape == (40 * scale, 60 * scale)
        assert doubt.spread.mean() > 0
    else:
        with pytest.raises(BackendError):
            restore(*arguments)


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_options_are_exactly_the_defaults(
    entry: Entry, task: Task, loaded: Callable[..., Backend]
) -> None:
    options = entry.defaults_of(task)
    loaded(entry, task, options)
    with pytest.raises(BackendError, match="nonsense"):
        loaded(entry, task, {**options, "nonsense": 1})
    for name in options:
        few = {key: value for key, value in options.items() if key != name}
        with pytest.raises(BackendError, match=name):
            loaded(entry, task, few)


@pytest.mark.parametrize(("entry", "task"), ROWS)
def test_the_scale_is_what_was_asked_for(
    entry: Entry, task: Task, load: Callable[..., Backend]
) -> None:
    if task is not Task.UPSCALE:
        assert load(entry, task).scale == 1
        return
    for scale in SCALES:
        assert load(entry, task, scale=scale).scale == scale
    with pytest.raises(BackendError, match="scale 3 is out of range"):
        load(entry, task, scale=3)


@pytest.mark.parametrize(("entry", "task"), ROWS)
@pytest.mark.parametrize("value", [-1e9, 1e9, float("nan"), "much"])
def test_options_out_of_range_are_refused(
    entry: Entry, task: Task, value: Value, load: Callable[..., Backend]
) -> None:
    for name in entry.defaults_of(task):
        with pytest.raises(BackendError, match=f"{name}.*out of range"):
            load(entry, task, **{name: value})


@pytest.mark.parametrize("entry", registry.BACKENDS, ids=lambda entry: entry.name)
def test_models_are_locked_for_their_backend(entry: Entry) -> None:
    for model in entry.models:
        locked = weights.find(model)
        assert locked.backend == entry.name
        assert set(locked.tasks) <= set(entry.tasks)
        assert locked.embedded or entry.admit


def test_locked_weights_belong_to_a_row() -> None:
    offered = {model for entry in registry.BACKENDS for model in entry.models}
    rows = {entry.name for entry in registry.BACKENDS}
    assert {name for name, one in weights.lock().items() if one.backend in rows} == offered


def test_the_table_imports_no_backend() -> None:
    code = "import sys, restore.registry; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert not loaded & {"torch", "numpy", "PIL", "restore.backends"}


def test_every_task_has_a_backend() -> None:
    for task in Task:
        assert registry.names(task)
