"""How large a tile may be, and how many at once: by the memory that is free, and that runs out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from .. import device, tiles
from ..backend import Limits
from ..errors import DeviceError
from ..job import Job
from .workers import at_most

_SHARE = 0.5  #: of the free memory, that tiles may work in

Result = TypeVar("Result")


def with_tiles(
    attempt: Callable[[int], Result], limits: Limits, job: Job, smallest: int = 0
) -> Result:
    """Return what an attempt at a photo gives, made again with smaller tiles for lack of memory.

    When they cannot be smaller, fewer are worked on at once.

    Args:
        attempt: Takes the largest side of a tile.
        limits: Of the backend.
        job: Says where it computes, and on how many threads at once.
        smallest: No tile is made smaller than this.

    Raises:
        DeviceError: If memory does not suffice for one tile of the smallest size.
    """
    smallest = max(smallest, tiles.smallest_tile(limits.overlap, limits.multiple_of))
    tile, together = _affordable(limits, job, smallest)
    while True:
        try:
            with at_most(together):
                return attempt(tile)
        except (MemoryError, RuntimeError) as error:
            if not device.is_out_of_memory(error):
                raise
            if tile > smallest:
                tile = max(smallest, tile // 2 // limits.multiple_of * limits.multiple_of)
            elif together > 1:
                together //= 2
            else:
                raise DeviceError(
                    f"not enough memory, even for tiles of {tile} pixels",
                    hint="close other programs, or try --jobs 1, --threads 1 or --device cpu",
                ) from None
        # Outside the handler: a live traceback would keep the failed tensors alive.
        device.release_memory()


def _affordable(limits: Limits, job: Job, smallest: int) -> tuple[int, int]:
    """Return the largest tile that the free memory has room for on all threads, and how many.

    That is fewer than threads where not even as many of the smallest find room.
    """
    tile, together = limits.tile, job.threads
    if limits.bytes_per_pixel:
        room = _SHARE * device.free_bytes(job.device) / (limits.bytes_per_pixel * limits.batch)
        tile = min(tile, math.isqrt(int(room / job.threads)))
        together = min(job.threads, max(1, int(room / smallest**2)))
    return max(smallest, tile // limits.multiple_of * limits.multiple_of), together
