"""The photographs that are measured on: standard sets, or any folder of a person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from ..metrics import Picture

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
PUBLISHED = 12  #: photos of CBSD68 that the published figures were measured on

Item = TypeVar("Item")


def opened(path: Path) -> Picture:
    """Read a photo as 8-bit RGB."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


@dataclass(frozen=True)
class Photograph:
    """A clean photo, to which noise is added."""

    path: Path
    seed: int  #: its place in its set, which its noise is drawn by

    @property
    def name(self) -> str:
        return self.path.stem

    def pixels(self) -> Picture:
        return opened(self.path)


@dataclass(frozen=True)
class Pair:
    """A scene as a camera saw it, and as the mean of many exposures shows it."""

    name: str
    noisy: Path
    clean: Path


@dataclass(frozen=True)
class Sets:
    """What there is to measure on; what is absent is empty."""

    gaussian: Sequence[Photograph] = ()  #: of the published protocol
    photos: Sequence[Photograph] = ()  #: everything else is simulated on these
    clean: Mapping[str, Sequence[Photograph]] = field(default_factory=dict)  #: by set
    pairs: Sequence[Pair] = ()
    worn: Sequence[Path] = ()  #: without a truth: to look at

    def limited(self, count: int | None) -> Sets:
        """Return at most so many of each set, evenly spread; seeds stay."""
        return Sets(
            evenly(self.gaussian, count),
            evenly(self.photos, count),
            {name: evenly(photos, count) for name, photos in self.clean.items()},
            evenly(self.pairs, count),
            evenly(self.worn, count),
        )


def evenly(items: Sequence[Item], count: int | None) -> Sequence[Item]:
    """Return `count` items, evenly spread from the first to the last."""
    if count is None or count >= len(items):
        return items
    return [items[index] for index in np.linspace(0, len(items) - 1, count).round().astype(int)]


def photographs(folder: Path) -> list[Photograph]:
    """Return a folder's photos by their stems, sorted as strings; none if there is no folder."""
    return [Photograph(path, index) for index, path in enumerate(_files(folder))]


def pairs(folder: Path) -> list[Pair]:
    """Return the pairs `NAME_real.*` and `NAME_mean.*` of a folder; none if there is no folder."""
    files = {path.stem: path for path in _files(folder)}
    names = [stem.removesuffix("_real") for stem in files if stem.endswith("_real")]
    return [
        Pair(name, files[f"{name}_real"], files[f"{name}_mean"])
        for name in names
        if f"{name}_mean" in files
    ]


def standard(folder: Path) -> Sets:
    """Return the evaluation sets that are in a folder, under their usual names."""
    cbsd, kodak = photographs(folder / "cbsd68"), photographs(folder / "kodak24")
    return Sets(
        gaussian=cbsd[:PUBLISHED],
        photos=kodak,
        clean={name: set_ for name, set_ in (("kodak24", kodak), ("cbsd68", cbsd)) if set_},
        pairs=pairs(folder / "real-noise-polyu"),
        worn=_files(folder / "old-degraded"),
    )


def own(clean: Path | None, paired: Path | None) -> Sets:
    """Return a person's own clean photos and pairs as sets."""
    photos = photographs(clean) if clean else []
    named = {clean.name: photos} if clean and photos else {}
    return Sets(photos, photos, named, pairs(paired) if paired else ())


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted(found, key=lambda path: path.stem)
