"""Photographs, tracings and answers for the tests of what the finder is measured by."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import scene
from PIL import Image

from evaluation.finding import drawn, traced
from evaluation.finding.shares import Mask
from evaluation.metrics import Picture
from restore.masks import Damage

SIZE = (48, 64)
MARKS = [
    {"kind": "scratch", "width": 3, "points": [[4, 10], [60, 10]]},
    {"kind": "speck", "width": 5, "points": [[30.5, 30.5]]},
    {"kind": "speck", "width": 0.2, "points": [[50.1, 40.1]]},
    {"kind": "flake", "width": 1, "points": [[2, 20], [12, 20], [12, 30], [2, 30]], "closed": True},
]
UNSURE = [{"kind": "scratch", "width": 4, "points": [[40, 20], [60, 20]]}]


def picture(height: int = SIZE[0], width: int = SIZE[1], seed: int = 0) -> Picture:
    """A coloured scene with some texture."""
    grey = scene(height, width, seed).astype(np.int16)
    return np.stack([grey, grey - 20, 235 - grey], axis=2).clip(0, 255).astype(np.uint8)


def spots(*places: tuple[int, int], side: int = 12) -> Mask:
    mask = np.zeros((side, side), bool)
    for row, column in places:
        mask[row, column] = True
    return mask


def evaluation_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clean photos, and a print with its tracing."""
    folder = tmp_path / "eval"
    for name in ("kodak24", "old-scratched"):
        (folder / name).mkdir(parents=True)
    Image.fromarray(picture(seed=0)).save(folder / "kodak24/a.png")
    Image.fromarray(picture(50, 61, seed=1)).save(folder / "kodak24/b.png")
    Image.fromarray(picture(seed=2)).save(folder / "old-scratched/p.png")
    trace(tmp_path / "traced", monkeypatch)
    return folder


def trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the only tracing be that of `MARKS`."""
    folder.mkdir(exist_ok=True)
    height, width = SIZE
    table = {"photo": "old-scratched/p.png", "width": width, "height": height}
    text = json.dumps({**table, "marks": MARKS, "unsure": UNSURE})
    (folder / "p.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(traced, "FOLDER", folder)


class Told:
    """Answers with the masks that it was told, whatever it is shown."""

    def __init__(self, answer: Callable[[Picture], Mask], sure: float = 1.0) -> None:
        self.answer, self.sure = answer, sure

    def damage(self, picture: Picture) -> Damage:
        return Damage(self.answer(picture), self.sure)


def nothing(picture: Picture) -> Mask:
    return np.zeros(picture.shape[:2], bool)


def truth_of(cases: Sequence[drawn.Case]) -> Callable[[Picture], Mask]:
    """Return what knows where these are damaged."""

    def answer(picture: Picture) -> Mask:
        (found,) = [case.truth for case in cases if np.array_equal(case.pixels, picture)]
        return found

    return answer


class Mender:
    """Fills holes with what was there."""

    def __init__(self, cases: Sequence[drawn.Case]) -> None:
        self.cases = cases

    def filled(self, pixels: Picture, mask: Mask, samples: int | None = None) -> list[Picture]:
        (case,) = [case for case in self.cases if np.array_equal(case.pixels, pixels)]
        return [np.where(mask[..., None], case.before, pixels)]
