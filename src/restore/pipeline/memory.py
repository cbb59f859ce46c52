"""How large a tile may be: by the memory that is free, and by what runs out of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from .. import device, tiles
from ..backend import Limits
from ..errors import DeviceError
from ..job import Job

_SHARE = 0.5  #: of the free memory, that tiles may work in

Result = TypeVar("Result")


def with_tiles(attempt: Callable[[int], Result], limits: Limits, job: Job) -> Result:
    """Return what an attempt at a photo gives, made again with smaller tiles for lack of memory.

    Args:
        attempt: Takes the largest side of a tile.
        limits: Of the backend.
        job: Says where it computes, and on how many threads at once.

    Raises:
        DeviceError: If memory does not suffice for the smallest tile.
    """
    smallest = tiles.smallest_tile(limits.overlap, limits.multiple_of)
    tile = max(smallest, _affordable(limits, job))
    while True:
        try:
            return attempt(tile)
        except (MemoryError, RuntimeError) as error:
            if not device.is_out_of_memory(error):
                raise
            if tile <= smallest:
                raise DeviceError(
                    f"not enough memory, even for tiles of {tile} pixels",
                    hint="close other programs, or try --jobs 1, --threads 1 or --device cpu",
                ) from None
            tile = max(smallest, tile // 2 // limits.multiple_of * limits.multiple_of)
        # Outside the handler: a live traceback would keep the failed tensors alive.
        device.release_memory()


def _affordable(limits: Limits, job: Job) -> int:
    """Return the largest tile that the free memory has room for, on all threads at once."""
    tile = limits.tile
    if limits.bytes_per_pixel:
        room = _SHARE * device.free_bytes(job.device) / (limits.bytes_per_pixel * limits.batch)
        tile = min(tile, math.isqrt(int(room / job.threads)))
    return tile // limits.multiple_of * limits.multiple_of
