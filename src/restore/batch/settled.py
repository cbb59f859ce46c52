"""What is at an output's place already, and whether that leaves anything to do."""

from __future__ import annotations

from pathlib import Path

from .. import files, photo, record
from ..errors import OutputError
from ..job import Existing, Job


def settled(job: Job, source: Path | None, output: Path, fingerprint: str) -> str:
    """Say why nothing is to be done; empty if something is.

    Args:
        job: Says what is written and what may be written over.
        source: The photo; None for standard input.
        output: Where its result goes.
        fingerprint: Of that result.

    Raises:
        OutputError: If a file that is not ours is in the way.
    """
    if job.existing is Existing.OVERWRITE:
        return ""
    if job.existing is Existing.SKIP and output.exists():
        return "there already"
    if isinstance(record.read_record(output), record.Unreadable):
        raise OutputError(
            f"{files.record_path(output)} exists and is not a record of ours",
            hint="--overwrite replaces it, -o writes elsewhere",
        )
    if record.up_to_date(output, fingerprint):
        return "up to date"
    other = record.other_source(output, source) if source else None
    if other is not None:
        raise OutputError(
            f"{output} is the result of another photo, {other}",
            hint="--overwrite replaces it, -o writes elsewhere",
        )
    if record.was_altered(output) and photo.is_whole(output):
        raise OutputError(
            f"{output} was changed after it was made",
            hint="--overwrite makes it anew, --skip-existing leaves it, -o writes elsewhere",
        )
    samples = job.samples if job.save_samples else 0
    beside = files.companions(output, maps=job.maps, samples=samples)
    for path in (output, *beside):
        if path.exists() and not record.is_ours(path):
            raise OutputError(
                f"{path} exists and is not ours",
                hint="--overwrite replaces it, --skip-existing leaves it, -o writes elsewhere",
            )
    return ""
