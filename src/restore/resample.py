"""Resize planes of any size, a strip at a time.

Resampling is linear and separable: one matrix for rows, one for columns. Each output depends on
a few neighbouring inputs, so a matrix is kept as short windows, and only the block that a strip
touches is ever written out.

Everything full-size is worked on in `strips`, whose height follows from the photo's size alone.
A matrix product's rounding may depend on its shape, so fixed strips are what makes a photo's
bytes the same whatever the memory, the threads and the company.

Sources: Catmull and Rom 1974 (the cubic); Heckbert 1989, "Fundamentals of Texture Mapping"
(a kernel is widened to shrink without aliasing).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

_STRIP = 1 << 17  # pixels of a strip, about: a few float planes of it fit the cache


def strips(height: int, width: int, multiple_of: int = 1) -> Iterator[tuple[int, int]]:
    """Cut a photo into strips of whole rows, (top, bottom), from the top.

    >>> list(strips(40, 4096))
    [(0, 32), (32, 40)]
    """
    rows = max(1, _STRIP // width // multiple_of) * multiple_of
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


@dataclass(frozen=True, eq=False)
class Weights:
    """A resampling matrix: out[i] = sum over k of values[i, k] * in[taps[i, k]]."""

    taps: Tensor  #: (outputs, K) int64, rising along both
    values: Tensor  #: (outputs, K) float32; each row sums to 1

    def block(self, start: int, stop: int) -> tuple[int, Tensor]:
        """Return rows as `first` and (stop - start, n), a matrix over inputs from `first` on."""
        taps = self.taps[start:stop]
        first = int(taps[0, 0])
        matrix = torch.zeros(stop - start, int(taps[-1, -1]) + 1 - first)
        return first, matrix.scatter_add_(1, taps - first, self.values[start:stop])

    def along_rows(self, planes: Tensor) -> Tensor:
        """Resize the last dimension: (..., inputs) -> (..., outputs)."""
        parts = []
        for start in range(0, len(self.taps), 64):
            first, matrix = self.block(start, min(start + 64, len(self.taps)))
            parts.append(planes[..., first : first + matrix.shape[1]] @ matrix.T)
        return torch.cat(parts, dim=-1)


def _weights(inputs: int, outputs: int, reach: float, share: Callable[[Tensor], Tensor]) -> Weights:
    """Sample a kernel that reaches `reach` widened inputs to each side of an output's centre.

    Inputs and outputs are cells that share their outer edges. Beyond the edge, the edge's value
    goes on.
    """
    widening = max(inputs / outputs, 1)
    centre = (torch.arange(outputs, dtype=torch.float64) + 0.5) * (inputs / outputs)
    first = (centre - reach * widening).floor()
    taps = first[:, None] + torch.arange(math.ceil(2 * reach * widening) + 1)
    values = share((taps + 0.5 - centre[:, None]) / widening)
    values = values / values.sum(dim=1, keepdim=True)
    return Weights(taps.long().clamp(0, inputs - 1), values.float())


def area_weights(inputs: int, outputs: int) -> Weights:
    """Return the average over each output's area; when enlarging, linear interpolation.

    The two are one: a box as wide as an output, or as an input if that is wider, laid over
    inputs that are boxes themselves.
    """
    cell = min(outputs / inputs, 1)  # an input's width in units of the box

    def overlap(distance: Tensor) -> Tensor:
        return (0.5 + cell / 2 - distance.abs()).clamp(0, cell)

    return _weights(inputs, outputs, 0.5, overlap)


def cubic_weights(inputs: int, outputs: int) -> Weights:
    """Return Catmull-Rom interpolation; when shrinking, the same kernel widened."""

    def catmull_rom(distance: Tensor) -> Tensor:
        x = distance.abs()
        near = (1.5 * x - 2.5) * x * x + 1
        far = ((-0.5 * x + 2.5) * x - 4) * x + 2
        return torch.where(x < 1, near, torch.where(x < 2, far, 0))

    return _weights(inputs, outputs, 2, catmull_rom)


class Resized:
    """Small maps (C, h, w), brought to a photo's size strip by strip."""

    def __init__(
        self,
        maps: Tensor,
        size: tuple[int, int],
        weights: Callable[[int, int], Weights] = cubic_weights,
    ) -> None:
        height, width = size
        self._down = weights(maps.shape[1], height)
        wide = weights(maps.shape[2], width).along_rows(maps.float())
        self._wide = wide.transpose(0, 1).contiguous()  # (h, C, W): a strip is one product

    def rows(self, top: int, bottom: int) -> Tensor:
        """Return rows top .. bottom - 1 of every map: (C, bottom - top, W) float32."""
        first, matrix = self._down.block(top, bottom)
        touched = self._wide[first : first + matrix.shape[1]]
        return (matrix @ touched.flatten(1)).view(-1, *touched.shape[1:]).transpose(0, 1)


class Overview:
    """A full-size plane seen small: strips in, the average over each cell's area out."""

    def __init__(self, size: tuple[int, int], small: tuple[int, int]) -> None:
        self._down = area_weights(size[0], small[0])
        self._across = area_weights(size[1], small[1])
        self._sums = torch.zeros(small[0], size[1])

    def add(self, top: int, strip: Tensor) -> None:
        """Take rows top, top + 1 ... of the plane, (rows, W) float32; each row once."""
        bottom = top + len(strip)
        start = int(torch.searchsorted(self._down.taps[:, -1].contiguous(), top))
        stop = int(torch.searchsorted(self._down.taps[:, 0].contiguous(), bottom))
        first, matrix = self._down.block(start, stop)
        upper, lower = max(first, top), min(first + matrix.shape[1], bottom)
        self._sums[start:stop].addmm_(
            matrix[:, upper - first : lower - first], strip[upper - top : lower - top]
        )

    def result(self) -> Tensor:
        """Return the small plane, (h, w) float32, once every row was added."""
        return self._across.along_rows(self._sums)
