"""Whether a result can be at all: asked before work begins, which for a large one takes long."""

from __future__ import annotations

from .. import device, photo
from ..backend import Task
from ..errors import DeviceError, UsageError
from ..job import Job
from ..photo import Photo


def check_room(source: Photo, job: Job, *, together: int) -> None:
    """Refuse a result that is too large.

    Args:
        source: The photo, as what its result's format can hold.
        job: Says how much larger it is to be, and the most pixels.
        together: Results that exist at the same time.

    Raises:
        UsageError: If it would have more pixels than the job allows.
        OutputError: If its format cannot hold it.
        DeviceError: If memory cannot hold the pixels of what is made, and a file of them.
    """
    height, width = (job.scale * side for side in source.pixels.shape[:2])
    if height * width > job.max_pixels:
        raise UsageError(
            f"the result would be {width} x {height}, {width * height:,} pixels, "
            f"more than {job.max_pixels:,}",
            hint="choose a smaller --scale, or raise --max-pixels",
        )
    photo.check_format(source.format, height, width)
    channels = source.pixels.shape[2] + (source.alpha is not None)
    needed = (together + 1) * height * width * channels * source.pixels.itemsize
    if needed > device.free_bytes("cpu"):
        ways = ["a smaller --scale"] if job.task is Task.UPSCALE else []
        ways += ["fewer --samples"] if job.samples > 1 else []
        ways += ["no --confidence"] if job.confidence and together > 1 else []
        raise DeviceError(
            f"not enough memory for {together} x {width} x {height} pixels: "
            f"{needed / 2**30:.1f} GiB are needed",
            hint=f"try {', '.join(ways)} or --jobs 1" if ways else "try --jobs 1",
        )
