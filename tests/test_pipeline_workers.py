"""Work on strips and tiles, side by side."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from restore.pipeline import Interrupted, Workers


def test_results_come_in_order() -> None:
    assert Workers(3).each(lambda n: n * n, range(50)) == [n * n for n in range(50)]


def test_a_failure_is_raised_when_nothing_runs_any_more() -> None:
    both, failed = threading.Barrier(2), threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number < 2:
            both.wait(10)
        if number == 0:
            failed.set()
            raise MemoryError
        failed.wait(10)
        threading.Event().wait(0.2)  # the failure is known by now
        ended.append(number)

    with pytest.raises(MemoryError):
        Workers(2).each(work, range(100))
    assert sorted(begun) == [0, *sorted(ended)]
    assert 1 in ended
    assert len(begun) < 100


def test_a_failure_leaves_nothing_in_memory() -> None:
    seen: list[weakref.ref[np.ndarray]] = []

    def work(number: int) -> None:
        pixels = np.zeros(9)
        seen.append(weakref.ref(pixels))
        raise MemoryError

    gc.disable()  # it may come too late for another attempt
    try:
        with pytest.raises(MemoryError) as caught:
            Workers(1).each(work, range(3))
        del caught
        assert [pixels() for pixels in seen] == [None] * len(seen)
    finally:
        gc.enable()


def test_what_was_not_begun_when_it_stops_never_is() -> None:
    workers = Workers(1)
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        workers.stop()

    with pytest.raises(Interrupted):
        workers.each(work, range(5))
    assert begun == [0]
