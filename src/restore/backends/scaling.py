"""How many times larger a result is to be: the one option that every task may bring a backend."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..backend import SCALES, Task, Value
from ..errors import BackendError


def scale_of(task: Task, options: Mapping[str, Value], own: Collection[str] = ()) -> int:
    """Return how many times the sides grow.

    Args:
        task: What the options are for.
        options: The scale, if the task is to enlarge, and the backend's own.
        own: The names of those.

    Raises:
        BackendError: If there are other options, or a scale is missing or out of range.
    """
    known = {*own, "scale"} if task is Task.UPSCALE else set(own)
    if wrong := options.keys() ^ known:
        raise BackendError(
            f"options unknown or missing: {', '.join(sorted(wrong))}",
            hint=f"the options are {', '.join(sorted(known)) or 'none'}",
        )
    scale = options.get("scale", 1)
    if task is Task.UPSCALE and scale not in SCALES:
        raise BackendError(f"scale {scale} is out of range", hint=" or ".join(map(str, SCALES)))
    return int(scale)
