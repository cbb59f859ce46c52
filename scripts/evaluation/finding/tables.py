"""What the finder reaches: on drawn damage, on clean photographs, on traced old prints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from PIL import Image

from ..denoising.photographs import Photograph, evenly, opened, photographs
from ..denoising.product import side_by_side
from ..denoising.tables import Table, skipped
from ..metrics import Picture, psnr
from ..restoring.product import Restorer
from .drawn import damaged
from .product import Product
from .shares import Shares
from .traced import Traced, tracings

SETS = ("kodak24", "cbsd68")  #: of clean photographs, that nothing was trained on
SCANS, LARGER = 8, 3  #: how many photographs are made so many times as wide
GRACE = 1  #: pixels that a tracing may lie beside its mark


def drawn(data: Path, product: Product) -> Table:
    """Find what was drawn, fill it, and compare with what was there."""
    title = "Drawn scratches and dust"
    photos = _clean(data)
    if not photos:
        return skipped(title)
    restorer = Restorer.of(None, 1)

    def one(photo: Photograph) -> tuple[Shares, float, tuple[float, float, float]]:
        case = damaged(photo.pixels(), photo.seed)
        found = product.damage(case.pixels)
        filled, by_truth = (
            restorer.filled(case.pixels, mask)[0] if 0 < mask.mean() < 1 else case.pixels
            for mask in (found.mask, case.truth)
        )
        pictures = (case.pixels, filled, by_truth)
        before, after, best = (psnr(picture, case.before) for picture in pictures)
        return Shares.of(found.mask, case.truth), found.sure, (before, after, best)

    each = side_by_side(one, photos)
    total = reduce(add, (shares for shares, _, _ in each))
    before, after, best = np.mean([values for _, _, values in each], axis=0)
    worse = sum(values[1] < values[0] for _, _, values in each)
    weights = [shares.taken for shares, _, _ in each]
    sure = float(np.average([sure for _, sure, _ in each], weights=weights)) if any(weights) else 1
    rows = [
        ["of damaged pixels are found", f"{total.recall:.1%}"],
        ["of what is found is right", f"{total.precision:.1%}, and it says {sure:.1%}"],
        ["PSNR of the picture, damaged", f"{before:.2f} dB"],
        ["and filled by what was found", f"{after:.2f} dB, worse in {worse} of {len(each)}"],
        ["and filled by the truth", f"{best:.2f} dB"],
    ]
    numbers = {"found": total.recall, "right": total.precision, "sure": sure, "worse": worse}
    decibels = {"damaged": before, "filled": after, "by_truth": best}
    note = f"{len(each)} photographs of {' and '.join(SETS)}."
    return Table(title, ["what", ""], rows, notes=[note], numbers={**numbers, **decibels})


def clean(data: Path, product: Product) -> Table:
    """Count what is taken for damage where there is none."""
    title = "Clean photographs"
    photos = _clean(data)
    if not photos:
        return skipped(title)

    def one(photo: Photograph) -> float:
        return float(product.damage(photo.pixels()).mask.mean())

    each = side_by_side(one, photos)
    worst = photos[int(np.argmax(each))]
    rows = [
        ["of pixels are taken for damage", f"{np.mean(each):.4%}"],
        ["in the worst photograph", f"{max(each):.3%} ({worst.name})"],
        ["photographs stay untouched", f"{sum(share == 0 for share in each)} of {len(each)}"],
    ]
    numbers = {
        f"{photo.path.parent.name}/{photo.name}": share
        for photo, share in zip(photos, each, strict=True)
    }
    return Table(title, ["what", ""], rows, numbers={"taken": numbers})


def scans(data: Path, product: Product) -> Table:
    """Find the same damage in prints that are scanned several times as large."""
    title = "Large scans"
    photos = evenly(photographs(data / SETS[0]), SCANS)
    if not photos:
        return skipped(title)

    def one(photo: Photograph) -> tuple[Shares, float]:
        case = damaged(photo.pixels(), photo.seed)
        marked, whole = (product.damage(_enlarged(p)).mask for p in (case.pixels, photo.pixels()))
        truth = case.truth.repeat(LARGER, 0).repeat(LARGER, 1)
        return Shares.of(marked, truth), float(whole.mean())

    each = side_by_side(one, photos)
    total = reduce(add, (shares for shares, _ in each))
    taken = float(np.mean([share for _, share in each]))
    rows = [
        ["of damaged pixels are found", f"{total.recall:.1%}"],
        ["of what is found is right", f"{total.precision:.1%}"],
        ["of the pixels of clean ones are taken for damage", f"{taken:.4%}"],
    ]
    numbers = {"found": total.recall, "right": total.precision, "taken": taken}
    note = f"{len(each)} photographs of {SETS[0]}, made {LARGER} times as wide with their damage."
    return Table(title, ["what", ""], rows, notes=[note], numbers=numbers)


def _enlarged(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    size = LARGER * width, LARGER * height
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def traced(data: Path, product: Product) -> Table:
    """Compare what is found with what a person traced on old prints."""
    title = "Old prints, traced by eye"
    prints = [one for one in tracings() if (data / one.photo).is_file()]
    if not prints:
        return skipped(title)
    rows = []
    numbers = {}
    for one in prints:
        found = product.damage(opened(data / one.photo))
        shares = Shares.of(found.mask, one.damaged, one.unsure, GRACE)
        kinds = _by_kind(one, found.mask)
        said = ", ".join(f"{kind} {reached}/{count}" for kind, (reached, count) in kinds.items())
        name = Path(one.photo).stem
        rows.append(
            [name, f"{shares.recall:.1%}", said, f"{shares.precision:.1%}", f"{found.sure:.1%}"]
        )
        numbers[name] = {"found": shares.recall, "right": shares.precision, "sure": found.sure}
    columns = ["print", "of damaged pixels found", "marks half found", "right", "it says"]
    return Table(title, columns, rows, numbers=numbers)


def _by_kind(one: Traced, mask: np.ndarray) -> dict[str, tuple[int, int]]:
    """Return of every kind of mark how many are at least half found, and how many there are."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for mark in one.marks:
        counts[mark.kind].append(Shares.of(mask, mark.mask, grace=GRACE).recall >= 0.5)
    return {kind: (sum(found), len(found)) for kind, found in sorted(counts.items())}


def _clean(data: Path) -> list[Photograph]:
    return [photo for name in SETS for photo in photographs(data / name)]


TABLES: dict[str, Callable[[Path, Product], Table]] = {
    "drawn": drawn,
    "clean": clean,
    "scans": scans,
    "traced": traced,
}
