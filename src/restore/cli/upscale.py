"""`restore upscale`."""

from __future__ import annotations

import click

from ..backend import SCALES, Task
from .options import Shared, common, mean


@click.command(short_help="Enlarge a photograph two or four times.")
@common
@click.option(
    "--scale",
    type=click.Choice([str(scale) for scale in SCALES]),
    default=str(SCALES[0]),
    show_default=True,
    help="How many times as wide and as high.",
)
@mean
def upscale(shared: Shared, scale: str, mean: int | None) -> None:
    """Enlarge photographs, and draw the detail that a larger picture would show.

    That detail is a believable guess. The size in inches stays: the resolution grows. The
    result is written beside the photo as PHOTO.upscaled.jpg, with its record as
    PHOTO.upscaled.jpg.json; the photo itself is never touched.
    """
    from .task import run

    run(Task.UPSCALE, shared, {"scale": int(scale), "mean": mean})
