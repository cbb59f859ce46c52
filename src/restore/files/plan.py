"""Name every output before the first is made."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputError
from .find import FORMATS, Found, is_pattern
from .sniff import is_lossy, true_suffix


@dataclass(frozen=True)
class Target:
    """Where a photo's result goes, or why it cannot."""

    photo: Found
    output: Path | OutputError


_LONGEST = 255  #: length of a name, on nearly every file system


def _length(name: str) -> int:
    return len(name) if os.name == "nt" else len(os.fsencode(name))


def is_folder(output: str, sources: Iterable[Path]) -> bool:
    """Say whether `-o` names a folder: it is one, ends in `/`, or must hold several photos.

    Args:
        output: As the user gave it.
        sources: What the photos were named by; a folder or pattern counts as several.
    """
    sources = list(sources)
    is_dir = os.path.isdir  # unlike Path's, takes a name too long for one that is not there
    return (
        output.endswith(("/", os.sep))
        or is_dir(output)
        or len(sources) > 1
        or any(is_dir(source) or is_pattern(source) for source in sources)
    )


def plan_outputs(
    photos: Sequence[Found],
    *,
    word: str,
    file: Path | None = None,
    folder: Path | None = None,
    maps: Sequence[str] = (),
    samples: int = 0,
    lossless: bool = False,
    masks: Iterable[Path] = (),
) -> list[Target]:
    """Name the output of every photo.

    Args:
        photos: What to restore.
        word: The task's, as in `photo.colorized.jpg`.
        file: The output itself, for a single photo.
        folder: Mirror the trees of the photos' roots in it. With neither this nor `file` an
            output lies beside its photo.
        maps: The kinds of maps that will be written beside each output.
        samples: So many samples will be.
        lossless: Photos in formats with loss get PNG, unless `file` says otherwise.
        masks: Which are never written over either.

    Returns:
        One target a photo, in order. Photos that would get the same output, whatever the case
        of its letters, are all refused; so is an output that is a photo, a folder or a device,
        or that lies where nothing can be written; or whose record or companion is a photo.
    """
    outputs = [
        file or _folder(found, folder) / f"{found.path.stem}.{word}{_suffix(found, lossless)}"
        for found in photos
    ]
    used = in_use(masks)
    sharers: dict[str, list[Found]] = defaultdict(list)
    for found, output in zip(photos, outputs, strict=True):
        sharers[_place(output)].append(found)
    inputs = {_place(found.path) for found in photos}
    nodes = {node for found in photos if (node := _node(found.path)) is not None}

    def checked(found: Found, output: Path) -> Path | OutputError:
        others = [other for other in sharers[_place(output)] if other is not found]
        if others:
            names = ", ".join(str(other.path) for other in others)
            return OutputError(
                f"{output} would also be the output of {names}",
                hint="rename one, or restore them into different folders",
            )
        if file is None and found.path.is_fifo():
            return OutputError("a pipe has no name for its result", hint="name one with -o FILE")
        beside = companions(output, maps=maps, samples=samples)
        for path in (output, record_path(output), *beside):
            if _place(path) in inputs or _node(path) in nodes:
                return OutputError(
                    f"the output {path} is a photo to restore",
                    hint="originals are never written to; choose another -o",
                )
        return clash(output, beside, used) or obstacle(output, beside) or output

    return [Target(found, checked(found, out)) for found, out in zip(photos, outputs, strict=True)]


def _suffix(found: Found, lossless: bool) -> str:
    return ".png" if lossless and is_lossy(found.path) else true_suffix(found.path)


def in_use(masks: Iterable[Path]) -> frozenset[object]:
    """Return what masks are known by, whatever names lead to them: for `clash`."""
    masks = list(masks)
    nodes = {node for mask in masks if (node := _node(mask)) is not None}
    return frozenset({*nodes, *(_place(mask) for mask in masks)})


def clash(output: Path, beside: Iterable[Path], used: frozenset[object]) -> OutputError | None:
    """Return why an output cannot be put here, if that, or a file beside it, is a mask in use."""
    for path in (output, record_path(output), *beside) if used else ():
        if _place(path) in used or _node(path) in used:
            return OutputError(
                f"the output {path} is a mask in use",
                hint="choose another -o, or keep that mask elsewhere",
            )
    return None


def _folder(found: Found, folder: Path | None) -> Path:
    if folder is None:
        return found.path.parent
    return folder / found.path.parent.relative_to(found.root)


def _place(path: Path) -> str:
    """Return what two names of one place share, also where letters' case does not count."""
    place = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - fast
    return unicodedata.normalize("NFC", place).casefold()


def _node(path: Path) -> tuple[int, int] | None:
    """Return what is the same for all links to one file; None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def obstacle(output: Path, beside: Iterable[Path]) -> OutputError | None:
    """Return why an output cannot be put here, as far as can be seen before it is tried.

    Args:
        output: Where.
        beside: Its companions.
    """
    places = (output, record_path(output), *beside)
    if any(_length(name) > _LONGEST for name in output.parent.parts):
        return OutputError(f"{output.parent} holds too long a name", hint="choose another -o")
    for path in places:
        if _length(path.name) > _LONGEST:
            return OutputError(
                f"{path.name} is too long a name",
                hint="rename the photo, or name the output with -o",
            )
    known = FORMATS.keys() | {""}
    if output.suffix.lower() not in known:
        return OutputError(
            f"{output.suffix} is not a format that is written",
            hint=f"known: {', '.join(FORMATS)}; a folder's name ends with /",
        )
    for path in places:
        # Unlike Path's, these raise nothing for what lies in a folder that is closed to us.
        if os.path.isdir(path):  # noqa: PTH112
            return OutputError(
                f"{path} is a folder", hint="rename that folder, or name the output with -o"
            )
        if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
            return OutputError(
                f"{path} is not a file that can be replaced", hint="-o - is standard output"
            )
    exists = os.path.exists
    folder = next(parent for parent in output.absolute().parents if exists(parent))
    if not folder.is_dir():
        return OutputError(f"{folder} is not a folder", hint="choose another -o")
    if not os.access(folder, os.W_OK | os.X_OK):
        return OutputError(f"{folder} cannot be written to", hint="choose another folder with -o")
    return None


def is_free(output: Path, *, maps: Sequence[str], samples: int) -> bool:
    """Say whether nothing is at the places of an output, its record, its maps and samples."""
    beside = companions(output, maps=maps, samples=samples)
    exists = os.path.exists  # unlike Path's, raises nothing for what cannot be looked at
    return not any(exists(path) for path in (output, record_path(output), *beside))


def record_path(output: Path) -> Path:
    """Return the name of an output's record: `photo.colorized.jpg.json`."""
    return output.with_name(f"{output.name}.json")


def companion(output: Path, kind: str) -> Path:
    """Return the name of a map beside an output: `photo.colorized.jpg.confidence.png`."""
    return output.with_name(f"{output.name}.{kind}.png")


def companions(output: Path, *, maps: Sequence[str], samples: int) -> list[Path]:
    """Return the names of the maps, by kind, and samples that are written beside an output."""
    beside = [companion(output, kind) for kind in maps]
    return beside + [sample_path(output, sample) for sample in range(samples)]


def sample_path(output: Path, sample: int) -> Path:
    """Return the name of one sample of an output: `photo.colorized.s0.jpg`."""
    return output.with_name(f"{output.stem}.s{sample}{output.suffix}")
