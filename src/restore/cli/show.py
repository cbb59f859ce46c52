"""What `--dry-run` prints: the plan, and what would stop it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import ExitCode, failure
from ..job import Job, Planned
from .console import error_lines, put_json, put_text, say


def show(job: Job, planned: Sequence[Planned], *, as_json: bool) -> ExitCode:
    """Print what would be done; return what the process is to say of the plan.

    Raises:
        RestoreError: If the job could not begin.
        OutputError: If standard output takes no more.
    """
    codes = []
    line: dict[str, str | int]
    for photo, settled in _previewed(job, planned):
        output = str(photo.output or "-")
        if photo.error is not None:
            codes.append(photo.error.exit_code)
            line = {"status": "failed", "input": photo.name, **failure(photo.error)}
            for said in error_lines(photo.error, photo.name):
                say(said)
        elif settled:
            line = {"status": "skipped", "input": photo.name, "output": output, "reason": settled}
        else:
            line = {"status": "planned", "input": photo.name, "output": output}
        if as_json:
            put_json(line)
        elif photo.error is None:
            put_text(f"{output}: {settled}" if settled else f"{photo.name} -> {output}")
    if len(set(codes)) == 1 and len(codes) == len(planned):
        return codes[0]
    return ExitCode.PARTIAL if codes else ExitCode.OK


def _previewed(job: Job, planned: Sequence[Planned]) -> Iterable[tuple[Planned, str]]:
    """Yield every photo with why nothing is to be done to it, empty if something is."""
    from .. import files, weights

    free = all(
        photo.output is None
        or files.is_free(photo.output, maps=job.maps, samples=job.saved_samples)
        for photo in planned
        if photo.error is None
    )
    if free and job.device in ("auto", "cpu"):  # which are always there
        for model in job.models:
            weights.verified(model)
        return [(photo, "") for photo in planned]
    from .. import batch  # torch, which such a plan need not wait for

    return batch.preview(job, planned)
