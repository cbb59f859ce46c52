"""Old prints as a scanner sees them, with the marks that they bear and where those are.

A picture is made grey, flat, soft and grainy, as prints are; it may lie in a frame, or have stains
and writing on it, which are no damage to be filled. Then marks are laid over it, bright as paper or
dark as dirt, and the scan makes all of it a little softer, noisy and compressed. What is damaged is
not what was drawn but what shows: a white scratch on white paper is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .chain import smoothed
from .codecs import jpeg
from .gaussian import white
from .marks import BRIGHT, DARK, Cover, marks
from .quantizing import quantized

Random = np.random.Generator
Grey = NDArray[np.float32]

SEEN = 12 / 255  #: by how much a mark changes a pixel that counts as damaged, at least
UNSEEN = 4 / 255  #: and one that counts as whole, at most; between them a pixel does not count
CLEAN = 0.45  #: of the prints bear no marks: what is seldom damaged must seldom be taken for it


@dataclass(frozen=True)
class Prints:
    """A batch of prints, and where they are damaged."""

    scan: Tensor  #: (N, 1, H, W) in [0, 1], of 8 bits
    damaged: Tensor  #: likewise, 1 where a mark shows, else 0
    counts: Tensor  #: likewise, 0 where a mark may or may not be seen, else 1


def prints(grey: Tensor, random: Random) -> Prints:
    """Make old prints of pictures, (N, 1, S, S) in [0, 1]."""
    tone, grain = aged(grey, random)
    marked = tone.clone()
    for index in np.flatnonzero(random.random(len(grey)) > CLEAN):
        plane = tone[index, 0].numpy()
        marked[index, 0] = torch.from_numpy(_marked(plane, random))
    soft = _per_picture(random.uniform(0.05, 0.9, len(grey)))
    noise = grain * white(grey.shape, random)
    scan, before = (
        smoothed((planes + noise).clamp(0, 1), soft.flatten()) for planes in (marked, tone)
    )
    change = (scan - before).abs()
    # Grain that is as strong hides a mark.
    least = SEEN + grain / 2
    damaged = change > least
    counts = damaged | (change < UNSEEN)
    scan = scan + _per_picture(random.uniform(0, 3 / 255, len(grey))) * white(grey.shape, random)
    return Prints(_saved(scan, random), damaged.float(), counts.float())


def aged(grey: Tensor, random: Random) -> tuple[Tensor, Tensor]:
    """Return pictures as prints show them, and the deviation of their grain, (N, 1, 1, 1).

    Some stay as they are: what is scanned, or shot, need not be old.
    """
    n = len(grey)
    new = _chosen(n, 0.35, random)
    soft = _per_picture(random.uniform(0.05, 1.6, n))
    tone = torch.where(_chosen(n, 0.5, random), smoothed(grey, soft.flatten()), grey)
    tone = tone.clamp(0, 1) ** _per_picture(np.exp(random.normal(0, 0.3, n)))
    black, light = _per_picture(random.uniform(0, 0.3, n)), _per_picture(random.uniform(0.6, 1, n))
    tone = black + (light - black) * tone
    for index in range(n):
        plane = tone[index, 0].numpy()
        for chance, change in ((0.15, _framed), (0.1, _written), (0.2, _stained)):
            if random.random() < chance:
                plane = change(plane, random)
        tone[index, 0] = torch.from_numpy(plane)
    grain = _per_picture(random.uniform(0, 9 / 255, n) * (random.random(n) < 0.7))
    return torch.where(new, grey, tone), torch.where(new, 0, grain)


def _per_picture(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))[:, None, None, None]


def _chosen(n: int, chance: float, random: Random) -> Tensor:
    return torch.from_numpy(random.random(n) < chance)[:, None, None, None]


def _field(size: tuple[int, ...], cell: int, random: Random) -> Grey:
    """Return something smooth that varies over some pixels, between 0 and 1 or a little beyond."""
    cells = random.uniform(0, 1, [max(2, side // cell) for side in size]).astype(np.float32)
    height, width = size
    return np.asarray(Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC))


def _framed(plane: Grey, random: Random) -> Grey:
    """Lay a border of paper, or of dark card, around some of the sides."""
    framed = plane.copy()
    tone = random.uniform(0.75, 1) if random.random() < 0.7 else random.uniform(0, 0.25)
    thick = random.integers(2, 16)
    for side in np.flatnonzero(random.random(4) < 0.5):
        turned = np.rot90(framed, int(side))
        turned[:thick] = tone
        if random.random() < 0.3:
            turned[thick : thick + 1] = random.uniform(0, 1)
    return framed


def _written(plane: Grey, random: Random) -> Grey:
    """Write something on it: captions, dates and stamps are no damage."""
    side = plane.shape[0]
    text = "".join(
        random.choice(list("ABCDEFGHIKLMNOPRSTUVWabcdefghiklmnoprstu 0123456789.,-"), 14)
    )
    sheet = Image.new("L", (plane.shape[1], side))
    font = ImageFont.load_default(int(random.integers(9, 30)))
    across, down = random.uniform(-0.2, 0.8, 2) * side
    ImageDraw.Draw(sheet).text((int(across), int(down)), text, fill=255, font=font)
    cover = np.asarray(sheet, np.float32) / 255 * random.uniform(0.5, 1)
    return plane + cover * (np.float32(random.choice([0.05, 0.95])) - plane)


def _stained(plane: Grey, random: Random) -> Grey:
    """Lighten or darken large soft places."""
    amount = random.uniform(-0.25, 0.25)
    return (plane + amount * _field(plane.shape, 40, random)).clip(0, 1).astype(np.float32)


def _marked(plane: Grey, random: Random) -> Grey:
    """Lay one to four layers of marks over a print."""
    bright = random.random() < 0.75  # what a print bears is mostly of one kind
    for _ in range(random.integers(1, 5)):
        of_paper = bright if random.random() < 0.8 else not bright
        cover = marks(BRIGHT if of_paper else DARK, plane.shape[0], random)
        plane = _painted(plane, cover, of_paper, random)
        if of_paper and random.random() < 0.35:
            plane = _shaded(plane, cover, random)
    return plane


def _painted(plane: Grey, cover: Cover, of_paper: bool, random: Random) -> Grey:
    lightest, darkest = float(plane.max()), float(plane.min())
    if of_paper:
        paint = random.uniform(min(0.95, max(0.6, lightest - 0.1)), 1)
    else:
        paint = random.uniform(0, max(0.05, min(0.25, darkest + 0.05)))
    rough = 0.05 * random.random() * random.standard_normal(plane.shape)
    strength = 1 - 0.8 * random.random() ** 2
    return (plane + strength * cover * (paint + rough - plane)).clip(0, 1).astype(np.float32)


def _shaded(plane: Grey, cover: Cover, random: Random) -> Grey:
    """Let the raised edge of a crack throw a shadow."""
    down, across = random.integers(-1, 2, 2)
    beside = np.roll(cover, (down, across), (0, 1)) * (1 - cover)
    return np.asarray(plane * (1 - random.uniform(0.1, 0.6) * beside), np.float32)


def _saved(scan: Tensor, random: Random) -> Tensor:
    """Compress most of the scans, and round all to 8 bits."""
    colour = quantized(scan).expand(-1, 3, -1, -1)
    quality = [int(q) for q in random.integers(50, 99, len(scan))]
    chosen = _chosen(len(scan), 0.65, random)
    return torch.where(chosen, jpeg(colour, quality)[:, 1:2], colour[:, 1:2])
