"""What a run would make of what is at its outputs' places; nothing is loaded or written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from .. import device, files, photo
from ..errors import RestoreError
from ..job import Job, Planned
from .describe import Describer
from .mask_file import mask_content
from .settled import settled
from .used import Used


def preview(job: Job, photos: Sequence[Planned]) -> Iterator[tuple[Planned, str]]:
    """Yield every photo with why nothing is to be done to it; empty if something is.

    A photo that could not be done is yielded with its error. Photos are not decoded, and
    hashed only where something is at the output's place: one that is damaged is found out only
    when it is restored.

    Raises:
        RestoreError: If the job cannot begin.
    """
    place = device.choose(job.device, job.precision)
    describer = Describer(job, place, Used.of(job))
    for planned in photos:
        source, output = planned.source, planned.output
        if planned.error is not None or source is None or output is None or not source.is_file():
            yield planned, ""  # what comes through a pipe can be read once only
            continue
        if files.is_free(output, maps=job.maps, samples=job.saved_samples):
            yield planned, ""
            continue
        try:
            masked = None if planned.mask is None else files.sha256_of(mask_content(planned.mask))
            digest = files.sha256_of(photo.content(source))
            of_photo = partial(describer.fingerprint, digest, masked)
            yield planned, settled(job, source, output, of_photo)
        except RestoreError as error:
            yield replace(planned, error=error), ""
