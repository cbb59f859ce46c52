"""Filling holes: nothing else changes, whatever the size, the depth, the tiles and the company."""

from __future__ import annotations

import fakes
import numpy as np
import pytest
import torch
from conftest import scene

from restore.backend import Backend, Entry, Limits, Task
from restore.clock import Stopwatch
from restore.errors import BackendError, DeviceError, UsageError
from restore.job import Job, MaskFile, Masking
from restore.masks import Holes
from restore.photo import Photo
from restore.pipeline import Restored, Workers, restore
from restore.pipeline.crops import crops
from restore.tiles import grid


def photo_of(height: int, width: int, dtype: type = np.uint8, channels: int = 3) -> Photo:
    pixels = scene(height, width)[..., None].repeat(channels, -1)
    return Photo(pixels.astype(dtype) * (257 if dtype is np.uint16 else 1), "PNG")


def run(
    photo: Photo,
    values: np.ndarray,
    backend: Backend | None = None,
    *,
    threads: int = 2,
    masking: Masking | None = None,
    **settings: object,
) -> Restored:
    entry = Entry("fake", "", (Task.INPAINT,), "", draws=True)
    job = Job(Task.INPAINT, entry, None, masking=masking or Masking(), **settings)  # type: ignore[arg-type]
    mask = MaskFile("mask.png", "", values)
    return restore(photo, backend or fakes.Mender(), job, Workers(threads), Stopwatch(), mask)


def damage(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Draw two scratches, some dust and a hole as large as a tile."""
    random = np.random.default_rng(seed)
    values = np.zeros((height, width), np.uint8)
    for y, x in zip(np.linspace(0, height - 1, 400), np.linspace(3, width - 1, 400), strict=True):
        values[int(y) : int(y) + 2, int(x)] = 255
    values[:, width // 3] = 255
    values[random.integers(0, height, 20), random.integers(0, width, 20)] = 255
    values[height // 2 : height // 2 + 120, width // 2 : width // 2 + 130] = 255
    return values


SIZES = [(1, 2), (2, 1), (1, 300), (300, 1), (7, 5), (65, 64), (300, 201), (40, 1000)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_only_holes_change(size: tuple[int, int], dtype: type, channels: int) -> None:
    photo = photo_of(*size, dtype, channels)
    before = photo.pixels.copy()
    values = np.zeros(size, np.uint8)
    values[size[0] // 2 :, size[1] // 2] = 255
    restored = run(photo, values)
    pixels = restored.render(0)
    hole = values > 0
    assert pixels.shape == before.shape
    assert pixels.dtype == dtype
    assert np.array_equal(pixels[~hole], before[~hole])
    assert np.array_equal(photo.pixels, before)
    if size == (300, 201):
        assert (pixels[hole] != before[hole]).mean() > 0.5


def test_a_mask_reaches_the_backend_by_crops() -> None:
    photo = photo_of(70, 50)
    values = np.zeros((70, 50), np.uint8)
    values[10:60, 20:30] = 255
    pixels = run(photo, values, fakes.Filler()).render(0)
    inside = values > 0
    assert (pixels[inside] == 128).all()
    assert np.array_equal(pixels[~inside], photo.pixels[~inside])


def test_what_is_shown_keeps_to_the_limits_and_follows_the_damage() -> None:
    photo, values = photo_of(500, 700), np.zeros((500, 700), np.uint8)
    values[100, 200] = values[400:404, 650] = 255
    witness = fakes.Witness()
    witness.seen.clear()
    run(photo, values, witness)
    assert sum(shown.picture[:, 0].numel() for shown in witness.seen) < 0.1 * values.size
    for shown in witness.seen:
        assert shown.mask is not None
        assert all(side % 4 == 0 and 16 <= side <= 96 for side in shown.picture.shape[-2:])
        assert shown.mask.shape == (len(shown.picture), 1, *shown.picture.shape[-2:])
        assert set(shown.mask.unique().tolist()) == {0.0, 1.0}
    assert sum(int(shown.mask.sum()) for shown in witness.seen if shown.mask is not None) == 5


def test_the_picture_is_shown_as_it_is_and_padded_by_its_edges() -> None:
    photo, values = photo_of(5, 6), np.zeros((5, 6), np.uint8)
    values[4, 5] = 255
    witness = fakes.Witness()
    witness.seen.clear()
    run(photo, values, witness)
    (shown,) = witness.seen
    assert shown.mask is not None
    assert shown.picture.shape == (1, 3, 16, 16)
    expected = np.pad(photo.pixels, ((0, 11), (0, 10), (0, 0)), mode="edge")
    assert np.array_equal((shown.picture[0] * 255).round().permute(1, 2, 0), expected)
    # What repeats a hole is unknown too, else it would be taken for a part of the photo.
    assert torch.equal(
        shown.mask[0, 0],
        torch.from_numpy(np.pad(values > 0, ((0, 11), (0, 10)), mode="edge")).float(),
    )


def test_what_is_in_a_hole_has_no_influence() -> None:
    photo, values = photo_of(200, 220), damage(200, 220)
    changed = photo.pixels.copy()
    changed[values > 0] = 255 - changed[values > 0]
    first, second = (
        run(Photo(pixels, "PNG"), values).render(0) for pixels in (photo.pixels, changed)
    )
    assert np.array_equal(first, second)


def test_tile_size_changes_at_most_a_level() -> None:
    photo, values = photo_of(330, 290), damage(330, 290)
    results = []
    for tile in (48, 96, 1024):
        backend = fakes.Mender()
        backend.limits = Limits(multiple_of=4, minimum=16, tile=tile, overlap=8)
        results.append(run(photo, values, backend).render(0).astype(int))
    assert np.abs(results[0] - results[2]).max() <= 1
    assert np.abs(results[1] - results[2]).max() <= 1


def test_a_large_hole_is_covered_by_the_tiles_that_it_touches() -> None:
    hole = np.zeros((1000, 1000), bool)
    hole[np.arange(1000), np.arange(1000)] = True
    holes = Holes.of(hole, near=48)
    limits = Limits(multiple_of=8, minimum=16, tile=128, overlap=16)
    found = crops(holes, 128, limits)
    everywhere = grid(1000, 1000, 128, 32, 8)
    assert len(found) < 0.2 * len(everywhere)
    weight = np.zeros(hole.shape)
    for one in found:
        box = one.window
        assert max(box.bottom - box.top, box.right - box.left) <= 128
        assert box.top % 8 == box.left % 8 == 0
        weight[box.top : box.bottom, box.left : box.right] += one.weight() * one.mine(holes)
    assert (weight[hole] > 0).all()
    assert (weight[~hole] == 0).all()


def test_seams_fade() -> None:
    """Two tiles that disagree meet over some pixels, not at an edge."""

    class Disagreeing(fakes.Mender):
        def restore(self, shown, prepared, draws, noise):  # type: ignore[no-untyped-def]
            flat = torch.full_like(shown.picture, float(len(fakes.Witness.seen)) / 2)
            fakes.Witness.seen.append(shown)
            return fakes.Outcome(flat.expand(draws.results, *flat.shape))

    fakes.Witness.seen.clear()
    backend = Disagreeing()
    backend.limits = Limits(tile=128, overlap=8)
    values = np.zeros((64, 220), np.uint8)
    values[20:40, 10:210] = 255
    line = run(photo_of(64, 220), values, backend, threads=1).render(0)[30, 10:210, 0].astype(int)
    assert len(fakes.Witness.seen) > 1
    assert np.ptp(line) > 60
    assert np.abs(np.diff(line)).max() < 30


def test_neither_company_nor_threads_change_a_sample() -> None:
    photo, values = photo_of(200, 230), damage(200, 230)
    alone = run(photo, values, threads=1, seed=5)
    many = run(photo, values, threads=5, seed=5, samples=3)
    assert np.array_equal(alone.render(0), many.render(0))
    assert not np.array_equal(many.render(0), many.render(1))
    assert not np.array_equal(alone.render(0), run(photo, values, seed=6).render(0))


def test_far_damage_changes_nothing_here() -> None:
    """Noise belongs to the place: another hole elsewhere leaves this one's filling as it is."""
    photo, values = photo_of(400, 400), np.zeros((400, 400), np.uint8)
    values[50:60, 50:60] = 255
    alone = run(photo, values).render(0)
    values[300:320, 300:390] = 255
    assert np.array_equal(run(photo, values).render(0)[:100, :100], alone[:100, :100])


def test_grey_in_the_mask_blends_inside_it_only() -> None:
    photo = photo_of(64, 64)
    values = np.zeros((64, 64), np.uint8)
    values[20:40, 20:40], values[20:40, 40], values[20:40, 41] = 255, 200, 100
    hard, soft = values.copy(), values
    hard[values >= 128] = 255
    filled = run(photo, hard).render(0).astype(int)
    blended = run(photo, soft, masking=Masking(soft=True)).render(0).astype(int)
    before = photo.pixels.astype(int)
    assert np.array_equal(run(photo, soft).render(0), filled)  # unless it is asked for
    assert np.array_equal(blended[:, :40], filled[:, :40])
    assert np.array_equal(blended[:, 41:], before[:, 41:])
    share = (200 - 127) / (250 - 127)
    expected = before[20:40, 40] + share * (filled[20:40, 40] - before[20:40, 40])
    assert np.abs(blended[20:40, 40] - expected).max() <= 1


def test_threshold_and_growing_say_what_is_filled() -> None:
    photo, values = photo_of(64, 64), np.zeros((64, 64), np.uint8)
    values[30, 10:50], values[31, 10:50] = 90, 30
    for masking, rows in (
        (Masking(threshold=91), []),
        (Masking(threshold=90), [30]),
        (Masking(threshold=20), [30, 31]),
        (Masking(threshold=90, grow=2), [28, 29, 30, 31, 32]),
    ):
        restored = run(photo, values, fakes.Filler(), masking=masking)
        changed = (restored.render(0) != photo.pixels).any(axis=(1, 2))
        assert np.flatnonzero(changed).tolist() == rows
        assert restored.filled is not None
        assert restored.filled.groups == bool(rows)


def test_what_was_filled_is_counted() -> None:
    values = np.zeros((80, 90), np.uint8)
    values[3:5, 3:5] = values[5, 5] = values[60, 10:20] = 255
    filled = run(photo_of(80, 90), values).filled
    assert filled is not None
    assert (filled.groups, filled.pixels, filled.share) == (2, 15, 15 / 7200)


def test_an_empty_mask_gives_the_photo_and_a_notice() -> None:
    photo = photo_of(40, 50)
    restored = run(photo, np.full((40, 50), 127, np.uint8))
    assert restored.unchanged
    assert np.array_equal(restored.render(0), photo.pixels)
    assert "mask.png is empty" in restored.notices[0]


def test_a_full_mask_is_refused() -> None:
    photo = photo_of(40, 50)
    with pytest.raises(UsageError, match=r"mask\.png covers the whole photo"):
        run(photo, np.full((40, 50), 255, np.uint8))
    almost = np.full((40, 50), 255, np.uint8)
    almost[0, 0] = 0
    run(photo, almost)
    with pytest.raises(UsageError, match="grown by 1, covers the whole photo") as raised:
        run(photo, almost, masking=Masking(grow=1))
    assert raised.value.hint == "a smaller --grow leaves something of it"


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(UsageError, match="is 40 x 50 pixels, the photo is 50 x 40"):
        run(photo_of(40, 50), np.full((50, 40), 255, np.uint8))


def test_out_of_memory_means_smaller_crops() -> None:
    photo, values = photo_of(330, 290), damage(330, 290)
    expected = run(photo, values).render(0).astype(int)
    small = run(photo, values, fakes.MenderOfSmallMemory()).render(0).astype(int)
    assert np.abs(small - expected).max() <= 1
    with pytest.raises(DeviceError, match="not enough memory"):
        run(photo, values, fakes.MenderWithoutMemory())


def test_a_broken_contract_is_named() -> None:
    values = np.zeros((40, 40), np.uint8)
    values[5, 5] = 255
    with pytest.raises(BackendError, match="returned shape"):
        run(photo_of(40, 40), values, fakes.WrongShape())


def test_confidence_is_white_but_in_the_holes() -> None:
    photo, values = photo_of(200, 230), damage(200, 230)
    doubt = run(photo, values, confidence=True).confidence
    assert doubt is not None
    assert doubt.draws == 8
    shown = doubt.render()
    assert shown.shape == values.shape
    assert (shown[values == 0] == 255).all()
    assert shown[values > 0].mean() < 200
    assert doubt.guessed_share == 0 or 0 < doubt.guessed_share <= 1
    with pytest.raises(BackendError, match="never measured"):
        run(photo, values, fakes.Filler(), confidence=True)


def test_the_mask_comes_back_as_it_was_before_it_grew() -> None:
    photo, values = photo_of(100, 100), np.zeros((100, 100), np.uint8)
    values[20:30, 20:60], values[30, 20:60], values[31, 20:60] = 255, 190, 90
    masking = Masking(grow=3, write=True)
    first = run(photo, values, masking=masking)
    written = first.maps["mask"]()
    assert written.tolist() == np.where(values >= 128, values, 0).tolist()
    assert np.array_equal(run(photo, written, masking=masking).render(0), first.render(0))
