"""From the names on the command line to the photos of a run, without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..backend import Task
from ..errors import InputError, OutputError, UsageError
from ..job import Job, Planned

if TYPE_CHECKING:
    from ..files import Finds, Found, Target


def plan(
    job: Job,
    names: list[str],
    output: str | None,
    recursive: bool,
    masks: Path | None = None,
) -> tuple[list[Planned], list[str]]:
    """Find the photos and name every output; what cannot be done is planned with its error.

    Returns the photos, and notes on what was left out.

    Args:
        job: Says what is written.
        names: Files, folders, patterns; `-` for standard input.
        output: As `-o` was given; None: beside each photo.
        recursive: Take what lies below folders too.
        masks: A mask for all photos, or a folder of them; None: none is given.

    Raises:
        click.UsageError: If standard output cannot take what was asked for, or the photo on
            standard input has no name to find its mask by.
        InputError: If there is no photo at all.
    """
    from .. import record
    from ..files import find_photos, is_folder, plan_outputs, without_masks

    paths = [Path(name) for name in names if name != "-"]
    finds = find_photos(paths, recursive=recursive, ignore=record.is_ours, marked=record.is_result)
    planned = [Planned(str(path), path, None, error) for path, error in finds.problems]
    named = len(finds.photos)
    if masks is not None:
        finds.photos = without_masks(finds.photos, masks)
    mask_of, unused = _masks(job, masks, finds.photos)
    given = [mask for mask in mask_of.values() if isinstance(mask, Path)]
    if "-" in names:
        if masks is not None and masks.is_dir():
            raise click.UsageError("the photo on standard input has no name: name its mask's file")
        given += [masks] if masks is not None else []
        planned.append(_piped(job, output, given, alone=not paths))
    if output == "-":
        if len(finds.photos) + len(planned) > 1:
            raise click.UsageError("-o - takes the result of one photo; several were given")
        planned += [Planned(str(found.path), found.path, None) for found in finds.photos]
    else:
        place = None if output is None else Path(output)
        in_folder = output is not None and is_folder(output, paths)
        targets = plan_outputs(
            finds.photos,
            word=job.task.past,
            file=None if in_folder else place,
            folder=place if in_folder else None,
            maps=job.maps,
            samples=job.saved_samples,
            lossless=job.task is Task.INPAINT,
            masks=given,
        )
        planned += _targets(targets)
    planned = [_with_mask(one, mask_of.get(one.source, masks)) for one in planned]
    if not planned and named:
        raise click.UsageError("what was named is the mask: name the photo")
    if not planned:
        raise InputError(
            f"no photo found among {', '.join(names)}",
            hint=_hint(finds),
        )
    notes = []
    if named > len(finds.photos):
        notes.append(f"masks among the photos: {named - len(finds.photos)}, left out")
    if masks is not None and masks.is_file() and len(planned) > 1:
        notes.append(f"one mask, {masks.name}, for {len(planned)} photos")
    # A written mask lies beside its result, which is none.
    if unused := [one for one in unused if not (record.is_ours(one) or record.is_result(one))]:
        notes.append(f"masks that no photo has, as {unused[0]}: {len(unused)}, left alone")
    if finds.ours:
        notes.append(f"results of earlier runs that were named: {finds.ours}, left out")
    if finds.unrecorded:
        notes.append(
            f"results of ours without their record, as {finds.unrecorded[0]}: "
            f"{len(finds.unrecorded)}, left out; they are done if they are named"
        )
    if finds.skipped:
        notes.append(f"other files in folders: {finds.skipped}, left alone")
    return planned, notes


def _masks(
    job: Job, masks: Path | None, photos: list[Found]
) -> tuple[dict[Path | None, Path | UsageError], list[Path]]:
    """Return the mask of each photo, by the photo's path, or why it has none; and unused masks."""
    from ..files import MaskFolder

    if masks is None or not masks.is_dir():
        return ({found.path: masks for found in photos} if masks is not None else {}), []
    folder = MaskFolder(masks, photos, job.task.past)
    mask_of: dict[Path | None, Path | UsageError] = {}
    for found in photos:
        try:
            mask_of[found.path] = folder.mask_of(found)
        except UsageError as error:
            mask_of[found.path] = error
    return mask_of, folder.unused()


def _with_mask(planned: Planned, mask: Path | UsageError | None) -> Planned:
    if planned.error is not None or mask is None:
        return planned
    if isinstance(mask, UsageError):
        return replace(planned, error=mask)
    return replace(planned, mask=mask)


def _hint(finds: Finds) -> str:
    """Say what can be done where no photo was found."""
    if finds.unrecorded:
        return (
            f"{finds.unrecorded[0]} is a result of ours without its record: name it to have it done"
        )
    if finds.ours or finds.held:
        return "a result of ours is taken if it is named alone"
    return "JPEG, PNG, WebP and TIFF are read; --recursive looks into folders below"


def _targets(targets: list[Target]) -> list[Planned]:
    return [
        Planned(str(target.photo.path), target.photo.path, None, target.output)
        if isinstance(target.output, OutputError)
        else Planned(str(target.photo.path), target.photo.path, target.output)
        for target in targets
    ]


def _piped(job: Job, output: str | None, masks: list[Path], *, alone: bool) -> Planned:
    """Plan the photo on standard input; its result goes to standard output unless told."""
    if output is None or output == "-":
        return Planned("-", None, None)
    from ..files import clash, companions, in_use, is_folder, obstacle

    if not alone or is_folder(output, []):
        raise click.UsageError("a photo on standard input needs -o FILE or -o -")
    path = Path(output)
    beside = companions(path, maps=job.maps, samples=job.saved_samples)
    return Planned("-", None, path, clash(path, beside, in_use(masks)) or obstacle(path, beside))
