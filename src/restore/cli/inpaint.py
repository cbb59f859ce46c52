"""`restore inpaint`."""

from __future__ import annotations

import os.path
from pathlib import Path

import click

from .. import defaults
from .options import Shared, common, mean

MOST_GROWN = 200


@click.command(short_help="Fill scratches and other damage, touch nothing else.")
@common
@click.option(
    "--mask",
    required=True,
    metavar="MASK|FOLDER|auto",
    help="What to fill: a picture as large as the photo, WHITE where it is to be filled and black "
    "elsewhere; or a folder of such, named like the photos; or auto: find scratches, cracks, dust.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, 255),
    show_default=f"{defaults.THRESHOLD}; with auto {defaults.LIKELY}",
    help="How bright a mask is where the photo is to be filled, at least. With auto: how likely "
    "damage is, where 255 is certain: less finds more, and more of that is wrong.",
)
@click.option(
    "--grow",
    type=click.IntRange(0, MOST_GROWN),
    default=0,
    show_default=True,
    metavar="N",
    help="Fill so many pixels more around what the mask says.",
)
@click.option(
    "--soft",
    is_flag=True,
    help="Blend inside what is filled where the mask is grey, from THRESHOLD up to white. "
    "Makes no difference with auto.",
)
@click.option(
    "--write-mask",
    is_flag=True,
    help="Write the mask, before it is grown, as PHOTO.inpainted.png.mask.png: correct it and give "
    "it back with --mask.",
)
@mean
def inpaint(
    shared: Shared,
    mask: str,
    threshold: int | None,
    grow: int,
    soft: bool,
    write_mask: bool,
    mean: int | None,
) -> None:
    """Fill what a mask says is damaged, and leave every other pixel as it is, to the last bit.

    White in the mask is filled, black is kept; what is transparent counts as black. The result is
    written beside the photo as PHOTO.inpainted.png, with its record as PHOTO.inpainted.png.json;
    the photo itself is never touched. A JPEG or a lossy WebP gives a PNG, because writing it
    again would change pixels outside the mask; -o NAME.jpg has it your way.
    """
    from ..backend import Task
    from ..job import Masking
    from .task import run

    masks = None if mask == "auto" else Path(mask)
    # Unlike a Path, os.path says no to a name that is too long.
    found = os.path.isfile(mask) or os.path.isdir(mask)  # noqa: PTH112, PTH113
    if masks is not None and not found:
        raise click.BadParameter(
            f"{mask!r} is not auto, not a file and not a folder", param_hint="--mask"
        )
    if threshold is None:
        threshold = defaults.LIKELY if masks is None else defaults.THRESHOLD
    masking = Masking(threshold=threshold, grow=grow, soft=soft, write=write_mask)
    run(Task.INPAINT, shared, {"mean": mean}, masking=masking, masks=masks)
