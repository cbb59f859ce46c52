"""`restore colorize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .options import HintType, NumberRange, Shared, common

if TYPE_CHECKING:
    from ..job import PixelHint


@click.command(short_help="Give a black-and-white photograph colour.")
@common
@click.option(
    "--variety",
    type=NumberRange(0, 1),
    help="How far colours may leave what is expected. 0: not at all, the seed does not matter; "
    "1: a true sample. Default: 0.2.",
)
@click.option(
    "--steps", type=click.IntRange(1, 100), help="Network evaluations a sample. Default: 10."
)
@click.option("--saturation", type=NumberRange(0, 3), help="Factor on the chroma. Default: 1.4.")
@click.option(
    "--hint",
    type=HintType(),
    multiple=True,
    help="A colour you know, at a pixel of the upright photo. Repeatable; one photo only.",
)
def colorize(
    shared: Shared,
    variety: float | None,
    steps: int | None,
    saturation: float | None,
    hint: tuple[PixelHint, ...],
) -> None:
    """Give black-and-white photographs believable colour.

    Only colour is added: the lightness of every pixel stays what it was, exactly so in
    formats without loss. The result is written beside the photo as PHOTO.colorized.jpg, with
    its record as PHOTO.colorized.jpg.json; the photo itself is never touched.
    """
    from ..backend import Task
    from .task import run

    options = {"variety": variety, "steps": steps, "saturation": saturation}
    run(Task.COLORIZE, shared, options, hints=hint)
