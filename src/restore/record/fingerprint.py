"""One hash of everything that a result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping


def fingerprint(
    *,
    input_sha256: str,
    task: str,
    options: Mapping[str, object],
    weights: Iterable[str],
    version: str,
) -> str:
    """Hash what an output follows from: the same fingerprint means there is nothing to do.

    What cannot change a pixel stays out: names of files, times, how many photos or threads
    run at once.

    Args:
        input_sha256: Of the whole input file.
        task: What is done to it.
        options: Every resolved setting that the output depends on: JSON values.
        weights: The SHA-256 of each file, in any order.
        version: Of this program.

    Returns:
        SHA-256 of canonical JSON (sorted keys, no spaces, ASCII), in hexadecimal.

    Raises:
        TypeError: If an option is no JSON value.
        ValueError: If a number is not finite.
    """
    parts = {
        "input": input_sha256,
        "task": task,
        "options": dict(options),
        "weights": sorted(weights),
        "version": version,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
