"""Patterns that repeat: banding of scanners, screens of print, moire.

All add sinusoids with random phases to (N, 3, H, W) pictures, and clip nothing. `amplitude` is
the pattern's peak, where 1 is white. `period` is in pixels, at least 2, along `angle`, in degrees
from the x axis towards the y axis, which points down.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from .strengths import Strength, per_picture

HARMONIC = 0.3  #: of a dot screen: its second harmonic's amplitude, against its first's
BEAT = 1.08  #: of moire: the ratio of its two periods
TURN = 2.0  #: of moire: degrees between the channels' angles


def _phase(
    picture: Tensor, period: Strength, angle: Strength, random: np.random.Generator
) -> Tensor:
    """Return a plane wave's phase at every pixel, from a random one: (N, 1, H, W)."""
    n, _, height, width = picture.shape
    y = torch.arange(height, dtype=torch.float32)[:, None]
    x = torch.arange(width, dtype=torch.float32)
    turn = torch.deg2rad(per_picture(angle, picture))
    frequency = 2 * math.pi / per_picture(period, picture)
    start = torch.from_numpy(random.uniform(0, 2 * math.pi, (n, 1, 1, 1)).astype(np.float32))
    return frequency * turn.cos() * x + frequency * turn.sin() * y + start


def banding(
    picture: Tensor,
    amplitude: Strength,
    period: Strength,
    angle: Strength,
    random: np.random.Generator,
) -> Tensor:
    """Add one sinusoid, as mains hum and uneven motors do in scans.

    Source: Gonzalez and Woods, "Digital Image Processing", 4th edition, section 5.2 (periodic
    noise).
    """
    wave = _phase(picture, period, angle, random).cos()
    return picture + per_picture(amplitude, picture) * wave


def halftone(
    picture: Tensor,
    amplitude: Strength,
    period: Strength,
    angle: Strength,
    random: np.random.Generator,
) -> Tensor:
    """Add a screen of dots, as printing leaves: two crossed waves with second harmonics.

    Source: Amidror 2009, "The Theory of the Moire Phenomenon", 2nd edition, chapter 2: a
    screen's spectrum is a lattice of impulses; these are the eight nearest its centre that lie
    on its axes.
    """
    screen = torch.zeros(())
    for crossing in (0, 90):
        turned = per_picture(angle, picture).flatten() + crossing
        phase = _phase(picture, period, turned, random)
        screen = screen + phase.cos() + HARMONIC * (2 * phase).cos()
    return picture + per_picture(amplitude, picture) * screen / (2 * (1 + HARMONIC))


def moire(
    picture: Tensor,
    amplitude: Strength,
    period: Strength,
    angle: Strength,
    random: np.random.Generator,
) -> Tensor:
    """Add two waves that beat, turned a little from channel to channel, so that beats have colour.

    Source: Amidror 2009, "The Theory of the Moire Phenomenon", 2nd edition, chapter 2: screens
    of frequencies f and g, superposed, show their difference.
    """
    short, straight = (per_picture(value, picture).flatten() for value in (period, angle))
    planes = []
    for channel in range(picture.shape[1]):
        turned = straight + TURN * channel
        one, other = (_phase(picture, p, turned, random).cos() for p in (short, short * BEAT))
        planes.append((one + other) / 2)
    return picture + per_picture(amplitude, picture) * torch.cat(planes, dim=1)
