"""How far a restorer's answer is from the truth, for how far its samples are from each other.

Of holes, beside what their depth leads to expect: see `restore.evidence.error_inside`.
"""

from __future__ import annotations

import numpy as np
import torch

from degrading.restoring import Pairs
from restore import color, evidence
from restore.backend import Task
from restore.masks import depths
from restore.nets.resshift.pixel import PixelNet
from restore.nets.resshift.prefill import prefilled
from training.restoring_gain import KINDS, drawn, places

TASKS = dict(zip(KINDS, (Task.DENOISE, Task.INPAINT, Task.UPSCALE), strict=True))
DRAWS = 8  #: as many as a confidence map rests on


def error_per_spread(net: PixelNet, held: Pairs) -> dict[str, float]:
    """Return CIEDE2000 of the first sample over the spread of all, both averaged, for each task.

    Args:
        net: Ready for inference.
        held: Of `training.restoring_gain.kept_apart`.
    """
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for index in range(len(held.clean)):
        one = slice(index, index + 1)
        clean, degraded, mask = held.clean[one], held.degraded[one], held.mask[one]
        samples = color.to_lab(drawn(net, prefilled(degraded, mask), mask, DRAWS))
        error = color.ciede2000(samples[0], color.to_lab(clean)[0])
        where = places(mask)[0, 0] > 0
        error = error[where]
        if mask.any():
            error = error - evidence.error_inside(torch.from_numpy(depths(where.numpy())))
        spread = evidence.spread(samples)
        found[KINDS[index % len(KINDS)]].append((float(error.mean()), float(spread[where].mean())))
    ratios = {}
    for kind, each in found.items():
        error_sum, spread_sum = np.sum(each, axis=0)
        ratios[str(TASKS[kind])] = round(float(error_sum / spread_sum), 2)
    return ratios
