"""Find the damage of one photo: by a network, and by morphology what is thin and lonely.

The network sees cracks and scratches by what is around them, and distrusts what is straight and
even, as much of what people make is; a scratch that stands alone on calm ground is found without.

What a scratch measures in pixels depends on the scan. At its own size a finder sees what is thin;
a scan that is large enough is looked at with half and a quarter of its sides too, and the surest
answer counts. Tiles have one size whatever the memory: a pixel that just misses the threshold in
another tile would leave a scratch unfilled.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import tiles
from ..backend import Finder
from ..job import Job
from ..masks import Damage, Values, damage_of, find_lonely, together
from ..photo import Photo
from . import contract
from .memory import with_tiles
from .restored import Pixels
from .views import Encoded
from .workers import Workers

REDUCED = (1, 2, 4)  #: times that a photo may be looked at smaller
ROWS = 64  #: of averages, that are made at once
LEAST_SIDE = 640  #: pixels of its short side that are left then: less is no scan but a thumbnail


def find_damage(photo: Photo, finder: Finder, job: Job, workers: Workers) -> Damage:
    """Return what of a photo is likely damaged, by the job's threshold.

    Raises:
        BackendError: If what the finder returned is no likelihood.
        DeviceError: If memory does not suffice for the smallest tile.
    """
    tile = finder.limits.tile
    found = with_tiles(
        lambda tile: _likely(photo, finder, tile, workers), finder.limits, job, smallest=tile
    )
    least = job.masking.threshold
    seen = damage_of(found, least, finder.damaged_share)
    return together(seen, find_lonely(photo.pixels, least))


def _likely(photo: Photo, finder: Finder, tile: int, workers: Workers) -> Values:
    """Return how likely every pixel is damaged: (H, W), 255 is certain."""
    height, width = photo.pixels.shape[:2]
    likely = np.zeros((height, width), np.uint8)
    for times in REDUCED:
        if times == 1 or min(height, width) >= times * LEAST_SIDE:
            _look(photo, finder, tile, times, workers, likely)
    return likely


def _look(
    photo: Photo, finder: Finder, tile: int, times: int, workers: Workers, likely: Values
) -> None:
    """Raise likelihoods to what is seen in a photo that is reduced so many times."""
    limits = finder.limits

    def look(part: tiles.Tile) -> None:
        window, core = part.window, part.core
        cut = photo.pixels[window.top : window.bottom, window.left : window.right]
        small = _reduced(cut, times)
        down, right = limits.padding(*small.shape[-2:])
        seen = contract.likely(finder, F.pad(small, (0, right, 0, down), mode="replicate"))
        if times > 1:
            seen = F.interpolate(seen, scale_factor=times, mode="bilinear")
        rows = slice(core.top - window.top, core.bottom - window.top)
        columns = slice(core.left - window.left, core.right - window.left)
        values = (seen[0, 0, rows, columns] * 255).round().byte().numpy()
        there = likely[core.top : core.bottom, core.left : core.right]
        np.maximum(there, values, out=there)

    height, width = likely.shape
    size = (tile * times, limits.overlap * times, limits.multiple_of * times)
    grid = tiles.grid(height, width, *size)
    workers.each(look, grid)


def _reduced(pixels: Pixels, times: int) -> Tensor:
    """Return a picture whose pixels are averages of squares: (1, 3, H / times, W / times).

    Where the photo ends within a square, its edge is repeated. Row by row of squares, so that no
    picture of the size that came is made.
    """
    view = Encoded(pixels.shape[2])
    rows = []
    for top in range(0, len(pixels), ROWS * times):
        cut = np.ascontiguousarray(pixels[top : top + ROWS * times])
        picture = view.picture(torch.from_numpy(cut))[None]
        down, right = (-side % times for side in picture.shape[-2:])
        rows.append(F.avg_pool2d(F.pad(picture, (0, right, 0, down), mode="replicate"), times))
    return torch.cat(rows, dim=2)
