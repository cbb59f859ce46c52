"""What is damaged, and how sure that is; from how likely every pixel is, and from two answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..resample import strips
from .groups import Mask
from .holes import Values, grown

EDGE = 1  #: pixels around what was found, that its soft edges reach

_ROUNDS = 30  # after which the share of a photo changes no more
_LEAST = 1 / 16  # that odds are lowered to: a clean photo proves nothing of the one scratch on it


@dataclass(frozen=True, eq=False)
class Damage:
    """What was found, and how sure that is."""

    mask: Mask  #: (H, W)
    sure: float  #: of the pixels that were found, the share that is likely damage; 1 if none


def damage_of(likely: Values, least: int, usual: float) -> Damage:
    """Return what is likely damaged, with its soft edges.

    Args:
        likely: (H, W), 255 is certain, as if the photo were as damaged as `usual`.
        least: From here on a pixel is taken for damaged, 1 to 255.
        usual: Share of damaged pixels where the likelihoods were learned.
    """
    here = _posterior(likely, usual)[likely]
    found = here >= least
    sure = float(here[found].mean(dtype=np.float64)) / 255 if found.any() else 1.0
    return Damage(grown(found.view(np.uint8), EDGE).view(bool), sure)


def together(one: Damage, other: Damage) -> Damage:
    """Return what either found; where both did, the surer counts."""
    first, second = (one, other) if one.sure >= other.sure else (other, one)
    more = int(np.count_nonzero(second.mask & ~first.mask))
    mask = first.mask | second.mask
    count = int(np.count_nonzero(mask))
    sure = (first.sure * (count - more) + second.sure * more) / count if count else 1.0
    return Damage(mask, sure)


def _posterior(likely: Values, usual: float) -> Values:
    """Return what each likelihood, 0 to 255, means in a photo with as much damage as this: (256,).

    Where little is damaged, what looks like damage mostly is none. So the share of damaged pixels
    is found together with the likelihoods that follow from it, by turns, as in Saerens, Latinne
    and Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a Priori Probabilities",
    section 2.2. Likelihoods are only lowered: raised ones were worse on photographs kept apart.
    """
    height, width = likely.shape
    counts = np.zeros(256)
    for top, bottom in strips(height, width):
        counts += np.bincount(likely[top:bottom].reshape(-1), minlength=256)
    given: NDArray[np.float64] = (np.arange(256) / 255).clip(0.001, 0.999)
    odds, ratio = given / (1 - given), 1.0
    for _ in range(_ROUNDS):
        here = ratio * odds / (1 + ratio * odds)
        share = float(counts @ here) / likely.size
        ratio = min(1.0, max(_LEAST, share / (1 - share) * (1 - usual) / usual))
    return np.asarray((255 * here).round().astype(np.uint8))
