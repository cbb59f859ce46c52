"""How much of a removed layer looks random, block by block.

Random noise has the energy that its brightness gives it, wherever it is. Text, edges and a texture
that went have more than that, and have it in places.

So have errors that a denoiser repairs: what demosaicing and compression left along edges. But
they are weak beside the edge that stayed, and unlike it, where detail that was lost is either as
strong as what stayed or a weaker copy of it. On photographs of a simulated sensor, whose truth is
known, less should have gone of the latter alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .floor import Floor, highest

Floats = NDArray[np.float32]

_INVISIBLE = 1.0  # energy, levels squared: rounding, and what nobody sees
_ENOUGH = 0.95  # random share at which no more is given back
_ROUNDS = 8  # of giving back
_TINY = np.float32(1e-9)
_COPY = (0.2, 0.5)  # correlation with the detail that stayed: of a repair; of detail that was lost
_FAR = (0.8, 0.95)  # of the energy, above that of noise: likewise
_AGREED = (0.2, 0.5)  # share of the measured noise that went: it was none; it was noise
_STRONG = (0.1, 0.5)  # power in multiples of the detail that stayed, likewise


@dataclass(frozen=True, eq=False)
class Blocks:
    """A removed layer in blocks (h, w); energies are means over pixels, in levels squared.

    Slopes are differences of neighbouring pixels, in luma.
    """

    counts: Floats  #: (h, w), pixels
    brightness: Floats  #: (C, h, w), of what stayed, levels
    energy: Floats  #: (C, h, w), removed
    slopes: Floats  #: (3, h, w), sums of products: removed * stayed, removed**2, stayed**2

    def blended(self, keep: Floats) -> Blocks:
        """Return the blocks as they are if only `keep` (h, w) of the layer goes."""
        back = 1 - keep
        both, removed, stayed = self.slopes
        slopes = (
            keep * (both + back * removed),
            keep**2 * removed,
            stayed + 2 * back * both + back**2 * removed,
        )
        return replace(self, energy=keep**2 * self.energy, slopes=np.stack(slopes))


class Judge:
    """Tells what looks random in blocks from what does not.

    Args:
        blocks: The layer as it was removed.
        likeness: Correlation of neighbouring pixels of the layer, 0 .. 1.
        measured: (h, w), the energy that noise of the photo's measured level has, as far as that
            is believed; 0: not known.
    """

    def __init__(self, blocks: Blocks, likeness: float, measured: Floats) -> None:
        self._blocks, self._likeness, self._measured = blocks, likeness, measured
        went = blocks.energy[blocks.energy > 0]
        deviation = float(np.sqrt(np.median(went))) if len(went) else 0.0
        self._floors = [Floor(plane.ravel(), deviation) for plane in blocks.brightness]

    def random_share(self) -> float:
        """Return the share of the energy that looks random, 0 .. 1; 1 if there is none."""
        return self._judged(self._blocks)[0]

    def keep(self) -> Floats:
        """Return the factors (h, w), 0 .. 1, that leave of the layer what looks random.

        Blocks are brought down to the energy of noise, not to none: so noise stays gone around
        a word as everywhere else. The factors are interpolated when used, which lets structure
        through beside a block that is kept; so it is done again on what would come of it. Where
        so much is structure that the noise floor sinks with it, it is done ever more firmly.
        """
        keep = np.ones_like(self._blocks.counts)
        left = self._blocks
        for turn in range(_ROUNDS):
            share, factor = self._judged(left)
            if share >= _ENOUGH:
                break
            keep = keep * factor ** max(1, turn)
            left = self._blocks.blended(_interpolated(keep))
        return keep

    def _judged(self, blocks: Blocks) -> tuple[float, Floats]:
        """Return the random share and the factors that take the rest away."""
        energy = blocks.energy.mean(0)
        total = float((energy * blocks.counts).sum(dtype=np.float64))
        if not total:
            return 1.0, np.ones_like(energy)
        around = np.maximum(_around(energy), _TINY)
        noise = self._noise(blocks.energy)
        over = np.maximum(around - np.maximum(noise, _INVISIBLE), 0) / around
        lost = np.maximum(_lost(blocks), _rising(over, *_FAR))
        share = lost * over
        random = 1 - float((share * energy * blocks.counts).sum(dtype=np.float64)) / total
        goes = 1 - lost * (1 - np.minimum(noise / around, 1))
        factor = np.where(share > 0, np.sqrt(goes), 1)
        return float(np.clip(random, 0, 1)), factor

    def _noise(self, energy: Floats) -> Floats:
        """Return the most energy that noise has in an area, of the energy in (C, h, w)."""
        each = [floor.low(plane.ravel()) for floor, plane in zip(self._floors, energy, strict=True)]
        low = np.mean(each, axis=0).reshape(energy.shape[1:])
        multiples = self._floors[0].telling((energy.mean(0) / np.maximum(low, _TINY)).ravel())
        high = highest(multiples, self._likeness)
        return np.maximum(_around(low) * np.float32(high), _around(self._measured))


def agreement(blocks: Blocks, measured: Floats) -> float:
    """Return how far a measured energy (h, w) is to be believed, 0 .. 1, given what was removed.

    What was measured but not removed was no noise: then it vouches for nothing.
    """
    removed, all_of_it = ((e * blocks.counts).sum() for e in (blocks.energy, measured))
    return float(_rising(removed / max(all_of_it, _TINY), *_AGREED))


def _lost(blocks: Blocks) -> Floats:
    """Return how surely structure in a block and its neighbours is lost, not repaired: 0 .. 1."""
    both, removed, stayed = (_around(plane) for plane in blocks.slopes)
    copy = both / np.sqrt(np.maximum(removed * stayed, _TINY))
    strong = np.log(np.maximum(removed, _TINY) / np.maximum(stayed, _TINY))
    lost: Floats = np.maximum(_rising(copy, *_COPY), _rising(strong, *np.log(_STRONG)))
    return lost


def _rising(values: Floats | np.float32, low: float, high: float) -> Floats:
    """Return 0 up to `low`, 1 from `high` on, and what lies evenly between."""
    return np.clip((np.asarray(values) - np.float32(low)) / np.float32(high - low), 0, 1)


def _weighted(plane: Floats, beside: float, middle: float) -> Floats:
    """Return sums over a block and its neighbours, weighted likewise along both axes."""
    p = np.pad(plane, 1, mode="edge")
    p = np.float32(beside) * (p[:-2] + p[2:]) + np.float32(middle) * p[1:-1]
    sums: Floats = np.float32(beside) * (p[:, :-2] + p[:, 2:]) + np.float32(middle) * p[:, 1:-1]
    return sums


def _around(plane: Floats) -> Floats:
    """Return the mean over a block and its neighbours."""
    return _weighted(plane, 1 / 3, 1 / 3)


def _interpolated(keep: Floats) -> Floats:
    """Return the mean over each block of factors that run linearly from block to block."""
    return _weighted(keep, 1 / 8, 3 / 4)
