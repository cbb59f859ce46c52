"""Which mask of a folder belongs to which photo, by their names."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageError
from .find import FORMATS, Found

_WRITTEN = ".mask.png"  # ends the names of masks that were written beside results


class MaskFolder:
    """A folder of masks, as deep as the folder of the photos."""

    def __init__(self, folder: Path, photos: Iterable[Found], word: str) -> None:
        """Look at nothing yet.

        Args:
            folder: Where the masks are.
            photos: Which are never taken for masks.
            word: In the names of results, whose written masks are masks too.
        """
        self._folder, self._word = folder, word
        self._photos = {found.path.absolute() for found in photos}
        self._masks: dict[Path, dict[str, list[Path]]] = {}
        self._used: set[Path] = set()

    def mask_of(self, found: Found) -> Path:
        """Return the mask that has a photo's whole name, else the one that has its stem.

        Raises:
            UsageError: If there is none, or more than one.
        """
        folder = self._folder / found.path.parent.relative_to(found.root)
        stem = _plain(found.path.stem)
        masks = self._in(folder).get(stem, [])
        masks = [mask for mask in masks if mask.name == found.path.name] or masks
        self._used.update(masks)
        if not masks:
            raise UsageError(
                f"no mask for it in {folder}",
                hint=f"a mask is named like its photo, as {stem}.png",
            )
        if len(masks) > 1:
            names = " and ".join(mask.name for mask in masks)
            raise UsageError(f"{folder} holds more than one mask for it: {names}", hint="keep one")
        return masks[0]

    def unused(self) -> list[Path]:
        """Return the masks that no photo has had, of the folder and those that were looked into."""
        self._in(self._folder)
        listed = [
            mask for folder in self._masks.values() for masks in folder.values() for mask in masks
        ]
        return sorted({*listed} - self._used)

    def _in(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._masks:
            self._masks[folder] = self._listed(folder)
        return self._masks[folder]

    def _listed(self, folder: Path) -> dict[str, list[Path]]:
        masks: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            known = path.suffix.lower() in FORMATS and not path.name.startswith(".")
            if known and path.is_file() and path.absolute() not in self._photos:
                masks[_plain(self._stem(path))].append(path)
        return masks

    def _stem(self, path: Path) -> str:
        """Return a mask's stem; of one that was written beside a result, the photo's."""
        result = Path(path.name.removesuffix(_WRITTEN))
        ours = path.name.endswith(_WRITTEN) and result.suffix.lower() in FORMATS
        return result.stem.removesuffix(f".{self._word}") if ours else path.stem


def _plain(stem: str) -> str:
    return unicodedata.normalize("NFC", stem)


def without_masks(photos: list[Found], masks: Path) -> list[Found]:
    """Return the photos that are not masks themselves.

    Args:
        photos: What was found.
        masks: A mask, or a folder of them: what lies in it, and was not asked for with it, is none.
    """
    place = masks.resolve()

    def is_mask(found: Found) -> bool:
        path = found.path.resolve()
        if place.is_file():
            return path == place
        asked = found.root.resolve()
        return place in path.parents and place not in (asked, *asked.parents)

    return [found for found in photos if not is_mask(found)]
