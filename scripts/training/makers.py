"""Batches made in other processes while a network learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

import torch

Batch = TypeVar("Batch")

_photos: object = ()


def made(
    make: Callable[..., Batch],
    arguments: Callable[[int], tuple[Any, ...]],
    photos: object,
    processes: int,
    first: int,
) -> Iterator[Batch]:
    """Yield batches without end, in the order of their numbers.

    Args:
        make: Makes a batch of the photos and some arguments; a function of a module.
        arguments: Of a batch's number, asked for as late as can be.
        photos: To make them of, the first argument of `make`; every process keeps them.
        processes: How many make batches.
        first: The first batch's number.
    """
    with ProcessPoolExecutor(processes, initializer=_hold, initargs=(photos,)) as pool:
        waiting: list[Future[Batch]] = []
        number = first
        while True:
            while len(waiting) < 2 * processes + 1:
                waiting.append(pool.submit(_made, make, arguments(number)))
                number += 1
            yield waiting.pop(0).result()


def _hold(photos: object) -> None:
    """Keep the photos in a process that makes batches, with one thread to make them."""
    global _photos
    _photos = photos
    torch.set_num_threads(1)


def _made(make: Callable[..., Batch], arguments: tuple[Any, ...]) -> Batch:
    return make(_photos, *arguments)
