"""The colorizer that ships: its dials, its hints, and files that are not its weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from conftest import scene
from safetensors.torch import load_file, save_file

from restore import color, registry, weights
from restore.backend import Draws, Guidance, Hint, Outcome, Shown, Task, Value
from restore.backends.diffusion import DiffusionColorizer, guided_filter, read_weights
from restore.backends.hints import Known
from restore.clock import Stopwatch
from restore.errors import WeightsError
from restore.job import Job, PixelHint
from restore.nets.chroma import histogram_of
from restore.photo import Photo
from restore.pipeline import Workers, restore
from restore.pipeline.whole import noise_under

ENTRY = registry.find("diffusion", Task.COLORIZE)
BLUE = (40, 60, 200)

Load = Callable[..., DiffusionColorizer]


@pytest.fixture(scope="module")
def shipped() -> Load:
    """The weights in the package: `shipped(variety=0)`."""
    path = weights.verified(ENTRY.models[0]).path
    return lambda dtype=torch.float32, **options: loaded(path, dtype, options)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Random weights, for what does not depend on training."""
    (path,) = tiny.chroma_net(tmp_path_factory.mktemp("tiny")).values()
    return lambda **options: loaded(path, torch.float32, options)


def loaded(path: Path, dtype: torch.dtype, changes: dict[str, Value]) -> DiffusionColorizer:
    options = {**ENTRY.defaults, **changes}
    return DiffusionColorizer.load(
        Task.COLORIZE, {"weights": path}, options, torch.device("cpu"), dtype
    )


def colorized(
    backend: DiffusionColorizer, grey: np.ndarray, *hints: PixelHint, samples: int = 1
) -> np.ndarray:
    job = Job(Task.COLORIZE, ENTRY, None, hints=hints, samples=samples)
    restored = restore(Photo(grey[..., None], "PNG"), backend, job, Workers(1), Stopwatch())
    return restored.render(samples - 1)


def outcome(
    backend: DiffusionColorizer, draws: Draws, *, seed: int = 0, guidance: Guidance | None = None
) -> Outcome:
    """Show the drawn scene, 128 x 160."""
    picture = torch.from_numpy(scene(128, 160)).float().expand(1, 3, -1, -1) / 255
    with torch.inference_mode():
        prepared = backend.prepare(picture, guidance or Guidance())
        return backend.restore(Shown(picture), prepared, draws, noise_under(seed, (128, 160)))


def lab_of(pixels: np.ndarray) -> torch.Tensor:
    return color.to_lab(color.to_picture(torch.from_numpy(pixels)))


# Hints


@pytest.mark.parametrize("dials", [{}, {"saturation": 2.0}, {"variety": 0.0}], ids=str)
@pytest.mark.parametrize("rgb", [BLUE, (200, 50, 40), (60, 150, 60)])
def test_a_hint_is_obeyed_and_fills_its_object(
    shipped: Load, rgb: tuple[int, int, int], dials: dict[str, Value]
) -> None:
    grey, backend = scene(240, 320), shipped(**dials)
    hinted = lab_of(colorized(backend, grey, PixelHint(160, 128, rgb)))  # the house's middle
    asked = lab_of(np.array([[rgb]], np.uint8))[1:]
    lightness = color.lightness(torch.from_numpy(grey)[..., None])
    wanted = lab_of(color.colored(lightness, asked.expand(2, 240, 320).contiguous()).numpy())
    plain = color.ciede2000(lab_of(colorized(backend, grey)), wanted)
    error = color.ciede2000(hinted, wanted)
    assert plain[128, 160] > 10
    assert error[128, 160] < 3
    house = error[100:156, 120:200]
    assert house.mean() < plain[100:156, 120:200].mean() / 2


def test_the_network_itself_hears_hints(shipped: Load) -> None:
    """The correction has little left to do: the middle of the grid is 16, 20."""
    backend, asked = shipped(), torch.tensor([30.0, -50.0])
    picture = torch.from_numpy(scene(128, 160)).float().expand(1, 3, -1, -1) / 255
    hint = Hint(20.5 / 40, 16.5 / 32, (30.0, -50.0))
    saturated = 14.5 * float(ENTRY.defaults["saturation"])
    with torch.inference_mode():
        plain, heard = (
            backend.prepare(picture, Guidance(hints)).reading.mean[0, :, 16, 20] * saturated
            for hints in ((), (hint,))
        )
    assert (heard - asked).norm() < 0.5 * (plain - asked).norm()


def test_a_correction_is_exact_stays_between_and_stops_at_edges() -> None:
    lightness = torch.full((1, 1, 24, 40), 40.0)
    lightness[..., 20:] = 80
    known = Known.of((Hint(10.5 / 40, 12.5 / 24, (30.0, -20.0)),), 24, 40)
    before = torch.zeros(1, 2, 24, 40)
    after = known.obeyed(before, lightness)[0]
    assert after[:, 12, 10].tolist() == [30, -20]
    assert after[0].min() >= 0  # between what was there and what was asked for
    assert after[0].max() <= 30
    row = after[0, 12]
    assert row[10] > row[12] > row[15] > row[19] > 1  # further away, less
    assert row[20] < row[19] / 10  # the edge


def test_without_hints_nothing_is_corrected() -> None:
    ab = torch.randn(1, 2, 8, 8)
    assert torch.equal(Known.of((), 8, 8).obeyed(ab, torch.zeros(1, 1, 8, 8)), ab)


def test_hints_in_one_cell_and_at_the_rims() -> None:
    hints = (Hint(0.0, 0.0, (1.0, 2.0)), Hint(0.01, 0.01, (3.0, 4.0)), Hint(0.999, 0.999, (5, 6)))
    known = Known.of(hints, 8, 12)
    assert known.ab[0, :, 0, 0].tolist() == [3, 4]
    assert known.ab[0, :, 7, 11].tolist() == [5, 6]
    assert known.where.sum() == 2


def test_thousands_of_hints_are_all_obeyed(small: Load) -> None:
    random = np.random.default_rng(0)
    hints = tuple(
        Hint(x, y, (a, b))
        for (x, y), (a, b) in zip(
            random.random((5000, 2)).tolist(), random.normal(0, 30, (5000, 2)).tolist(), strict=True
        )
    )
    results = outcome(small(), Draws(2), guidance=Guidance(hints)).results
    known = Known.of(hints, 32, 40)
    assert known.where.mean() > 0.95
    torch.testing.assert_close(
        results * known.where, known.ab.expand_as(results), atol=1e-3, rtol=0
    )


def test_saturation_leaves_hinted_colours_alone(small: Load) -> None:
    guidance = Guidance((Hint(0.5, 0.5, (25.0, 10.0)),))
    for saturation in (0.0, 0.5, 1.0, 3.0):
        results = outcome(small(saturation=saturation), Draws(1), guidance=guidance).results
        torch.testing.assert_close(results[0, 0, :, 16, 20], torch.tensor([25.0, 10.0]))


def test_a_hint_leaves_less_doubt(small: Load) -> None:
    guidance = Guidance((Hint(0.5, 0.5, (25.0, 10.0)),))
    evidence = outcome(small(), Draws(1, 8), guidance=guidance).evidence
    assert evidence is not None
    spread = evidence[:, 0].var(0).sum(0).sqrt()
    assert spread[16, 20] < 1e-3 < spread.mean()


# Dials


def test_variety_0_is_the_mean_whatever_the_seed(small: Load) -> None:
    backend = small(variety=0.0)
    one = outcome(backend, Draws(3), seed=1).results
    assert torch.equal(one, outcome(backend, Draws(3), seed=2).results)
    assert torch.equal(one[0], one[2])


@pytest.mark.parametrize("hints", [(), (Hint(0.5, 0.5, (25.0, 10.0)),)], ids=["plain", "hinted"])
def test_variety_1_is_a_true_sample(small: Load, hints: tuple[Hint, ...]) -> None:
    backend = small(variety=1.0, saturation=1.0)
    both = outcome(backend, Draws(3, 8), guidance=Guidance(hints))
    assert both.evidence is not None
    assert len(both.evidence) == 8
    torch.testing.assert_close(both.results, both.evidence[:3])


@pytest.mark.parametrize("hints", [(), (Hint(0.5, 0.5, (25.0, 10.0)),)], ids=["plain", "hinted"])
def test_samples_scatter_around_the_mean(small: Load, hints: tuple[Hint, ...]) -> None:
    guidance = Guidance(hints)
    expected = outcome(small(saturation=1.0), Draws(1, 8), guidance=guidance).expected
    mean = outcome(small(variety=0.0, saturation=1.0), Draws(1), guidance=guidance).results[0]
    assert expected is not None
    torch.testing.assert_close(expected, mean)


def test_variety_grows_from_the_mean(small: Load) -> None:
    mean = outcome(small(variety=0.0), Draws(1)).results
    away = [
        float((outcome(small(variety=variety), Draws(1)).results - mean).norm())
        for variety in (0.2, 0.5, 1.0)
    ]
    assert 0 < away[0] < away[1] < away[2]


def test_saturation_scales_results_and_not_the_evidence(small: Load) -> None:
    plain = outcome(small(saturation=1.0), Draws(2, 4))
    strong = outcome(small(saturation=1.5), Draws(2, 4))
    torch.testing.assert_close(strong.results, plain.results * 1.5)
    assert plain.evidence is not None
    assert strong.evidence is not None
    assert torch.equal(strong.evidence, plain.evidence)
    assert not outcome(small(saturation=0.0), Draws(1)).results.any()


def test_evidence_does_not_depend_on_variety_or_results(small: Load) -> None:
    one = outcome(small(variety=0.0), Draws(1, 8)).evidence
    other = outcome(small(variety=0.7), Draws(8, 8)).evidence
    assert one is not None
    assert other is not None
    assert torch.equal(one, other)


@pytest.mark.parametrize("steps", [1, 2, 100])
def test_any_number_of_steps(small: Load, steps: int) -> None:
    results = outcome(small(steps=steps, variety=1.0), Draws(1)).results
    assert results.shape == (1, 1, 2, 32, 40)
    assert results.isfinite().all()


def test_a_histogram_is_heard(shipped: Load) -> None:
    backend = shipped(variety=0.0, saturation=1.0)
    plain = outcome(backend, Draws(1)).results
    for wanted in ((25.0, 25.0), (-5.0, -30.0)):
        asked = torch.tensor(wanted)
        histogram = histogram_of(asked.view(1, 2, 1, 1).expand(1, 2, 8, 8))
        told = outcome(backend, Draws(1), guidance=Guidance(histogram=histogram)).results
        before, after = ((x.mean((0, 1, 3, 4)) - asked).norm() for x in (plain, told))
        assert after < 0.8 * before


def test_half_the_precision_is_nearly_the_same_picture(shipped: Load) -> None:
    grey = scene(120, 160)
    full, half = (
        lab_of(colorized(shipped(dtype), grey)) for dtype in (torch.float32, torch.bfloat16)
    )
    assert color.ciede2000(full, half).mean() < 1


@pytest.mark.parametrize("size", [(40, 640), (640, 40)])
def test_panoramas(shipped: Load, size: tuple[int, int]) -> None:
    pixels = colorized(shipped(steps=1), scene(*size), PixelHint(20, 20, BLUE))
    assert pixels.shape == (*size, 3)
    assert lab_of(pixels)[2, 20, 20] < -10


# Files


def test_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    (path,) = tiny.chroma_net(tmp_path).values()
    net = read_weights(path)
    assert net.config == tiny.CHROMA
    for name, value in load_file(path).items():
        assert torch.equal(net.state_dict()[name], value)


CONFIG = asdict(tiny.CHROMA)


@pytest.mark.parametrize(
    ("config", "change", "message"),
    [
        (None, {}, "does not describe"),
        ("{", {}, "Expecting"),
        ("[1]", {}, "holds no weights"),
        (json.dumps({**CONFIG, "colour": 1}), {}, "colour"),
        (json.dumps({**CONFIG, "widths": [8, 16]}), {}, "unpack"),
        (json.dumps(CONFIG), {"encoder.mean.bias": None}, "encoder.mean.bias"),
        (json.dumps(CONFIG), {"encoder.more": torch.zeros(1)}, "encoder.more"),
        (json.dumps(CONFIG), {"encoder.mean.bias": torch.zeros(9)}, "size mismatch"),
    ],
)
def test_other_networks_are_refused(
    tmp_path: Path, config: str | None, change: dict[str, torch.Tensor | None], message: str
) -> None:
    (path,) = tiny.chroma_net(tmp_path).values()
    state = {**load_file(path), **change}
    kept = {name: value for name, value in state.items() if value is not None}
    save_file(kept, path, metadata=None if config is None else {"config": config})
    with pytest.raises(WeightsError, match=message) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not weights at all", bytes(1000)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.safetensors"):
        read_weights(path)


# The guided filter


def test_a_filter_keeps_what_is_constant() -> None:
    guide = torch.rand(1, 1, 20, 30, generator=torch.Generator().manual_seed(0))
    source = torch.full((1, 2, 20, 30), 7.0)
    torch.testing.assert_close(guided_filter(source, guide, 3, 0.01), source)


def test_a_filter_keeps_the_edges_of_its_guide() -> None:
    guide = torch.zeros(1, 1, 20, 30)
    guide[..., 15:] = 1
    noise = torch.randn(1, 1, 20, 30, generator=torch.Generator().manual_seed(0))
    smooth = guided_filter(10 * guide + noise, guide, 3, 0.01)
    assert smooth[..., 15].mean() - smooth[..., 14].mean() > 9  # sharp
    assert smooth[..., :14].std() < 0.35  # and the noise is gone on both sides
    assert smooth[..., 16:].std() < 0.35


def test_a_filter_without_edges_to_keep_is_a_mean() -> None:
    source = torch.zeros(1, 1, 15, 15)
    source[..., 7, 7] = 1
    smooth = guided_filter(source, torch.full((1, 1, 15, 15), 0.5), 2, 0.01)
    assert smooth.max() < 0.05
    assert smooth.sum() == pytest.approx(1, abs=1e-4)
