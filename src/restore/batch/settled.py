"""What is at an output's place already, and whether that leaves anything to do."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from pathlib import Path

from .. import files, photo, record
from ..errors import OutputError
from ..job import Existing, Job
from ..pipeline import evidence_draws

_GONE = "is a result of ours, but its record is gone"


def settled(
    job: Job, source: Path | None, output: Path, fingerprint: Callable[[Mapping[str, object]], str]
) -> str:
    """Say why nothing is to be done; empty if something is.

    Args:
        job: Says what is written and what may be written over.
        source: The photo; None for standard input.
        output: Where its result goes.
        fingerprint: Gives that of the result, made with whatever was wanted besides the picture.

    Raises:
        OutputError: If a file that is not ours, or that cannot be read, is in the way.
    """
    if job.existing is Existing.OVERWRITE:
        return ""
    exists = os.path.exists  # unlike Path's, raises nothing for what cannot be looked at
    if job.existing is Existing.SKIP and exists(output):
        return "there already"
    if isinstance(record.read_record(output), record.Unreadable):
        raise OutputError(
            f"{files.record_path(output)} exists and is not a record of ours",
            hint="--overwrite replaces it, -o writes elsewhere",
        )
    if _up_to_date(job, output, fingerprint):
        return "up to date"
    other = record.other_source(output, source) if source else None
    if other is not None:
        raise OutputError(
            f"{output} is the result of another photo, {other}",
            hint="--overwrite replaces it, -o writes elsewhere",
        )
    beside = files.companions(output, maps=job.maps, samples=job.saved_samples)
    for path in (output, *beside):
        if exists(path) and (why := _why_not_ours(output, path)):
            ways = "--overwrite makes it anew, --skip-existing leaves it, -o writes elsewhere"
            hint = f"put the record back; else {ways}" if why is _GONE else ways
            raise OutputError(f"{path} {why}", hint=hint)
    return ""


def _up_to_date(job: Job, output: Path, fingerprint: Callable[[Mapping[str, object]], str]) -> bool:
    """Say whether all that is wanted would be made again as it is; more may have been made."""
    known = record.read_record(output)
    if not known:
        return False
    besides = {name: known.options.get(name) for name in job.wanted}
    if known.fingerprint != fingerprint(besides):
        return False
    if known.confidence and job.confidence and known.confidence.samples != evidence_draws(job):
        return False
    beside = files.companions(output, maps=job.maps, samples=job.saved_samples)
    return record.is_whole(output, beside)


def _why_not_ours(output: Path, path: Path) -> str:
    """Say why a file in the place of an output, or beside it, is not ours to replace."""
    digests = record.digests(output, path)
    if not digests:
        if record.is_ours(path):
            return "belongs to another result"
        if record.is_marked(path):
            return _GONE
        return "exists and is not ours"
    if path.stat().st_size == 0 or record.hash_of(path) in digests:
        return ""
    if path == output and _lost_its_end(output):
        return ""
    return "was changed after it was made"


def _lost_its_end(output: Path) -> bool:
    """Say whether an output is what a failing disk or copy leaves of one, and nobody's work.

    That a file cannot be read does not say so: it may be of a kind that other programs write.
    """
    known = record.read_record(output)
    if not known:
        return False
    return (
        output.stat().st_size < known.output.bytes
        and files.sniffed(output) == known.output.format
        and photo.is_cut_short(output)
    )
