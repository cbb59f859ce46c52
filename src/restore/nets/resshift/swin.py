"""Attention within windows, every second time shifted by half a window.

One thing here is not Liu et al.'s, and must not be "corrected", for the published weights were
trained with it. A shifted picture is rolled by half a window, so windows at its end hold places
from both of its ends. The textbook keeps those apart in the last row and in the last column of
windows. Here, only in the last row of windows, and there the left half of each window is kept
apart from the right half; rows are never kept apart. A textbook mask raises no error and gives
wrong pictures.

Sources: Swin Transformer, Liu et al., arXiv:2103.14030; its place in ResShift,
arXiv:2307.12348, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

APART = -100.0  #: what is added to the scores of places that must not see each other


def relative_positions(window: int) -> Tensor:
    """Number the offsets between places of a window: (window^2, window^2), int64, on the CPU."""
    # The device is named, so that the answer is real also where parameters are only planned.
    side = torch.arange(window, device="cpu")
    y, x = (places.flatten() for places in torch.meshgrid(side, side, indexing="ij"))
    down, right = y[:, None] - y, x[:, None] - x
    return (down + window - 1) * (2 * window - 1) + right + window - 1


def shifted_mask(height: int, width: int, window: int) -> Tensor:
    """Return what is added to the scores of a picture that was rolled by half a window.

    Returns:
        (windows, window^2, window^2), row by row, on the CPU: `APART` or 0.
    """
    rows, columns = height // window, width // window
    right = (torch.arange(window, device="cpu") >= window // 2).repeat(window)
    mask = torch.zeros(rows * columns, window**2, window**2, device="cpu")
    mask[-columns:].masked_fill_(right[:, None] != right, APART)
    return mask


class WindowAttention(nn.Module):
    """Lets the places of a window look at each other, by content and by their offset."""

    relative_position_index: Tensor

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("relative_position_index", relative_positions(window))
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, windows: Tensor, apart: int = 0, mask: Tensor | None = None) -> Tensor:
        """Attend within each window.

        Args:
            windows: (n, window^2, C).
            apart: How many windows, at the end, `mask` is for.
            mask: (window^2, window^2), added to the scores of those.
        """
        n, places, channels = windows.shape
        qkv = self.qkv(windows).view(n, places, 3, self.heads, channels // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (n, heads, window^2, C / heads)
        bias = self.relative_position_bias_table[self.relative_position_index]
        bias = bias.permute(2, 0, 1).to(q.dtype)[None]  # (1, heads, window^2, window^2)
        if mask is None:
            seen = F.scaled_dot_product_attention(q, k, v, bias)
        else:
            free, last = slice(n - apart), slice(n - apart, n)
            masked = bias + mask.to(bias.dtype)
            seen = torch.cat(
                [
                    F.scaled_dot_product_attention(q[free], k[free], v[free], bias),
                    F.scaled_dot_product_attention(q[last], k[last], v[last], masked),
                ]
            )
        return self.proj(seen.transpose(1, 2).reshape(n, places, channels))


class Mlp(nn.Module):
    """Two layers, place by place."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, ratio * channels, 1)
        self.fc2 = nn.Conv2d(ratio * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class SwinBlock(nn.Module):
    """Attention, then a perceptron, each around a shortcut: (N, C, H, W) in and out."""

    attn_mask: Tensor | None

    def __init__(
        self, channels: int, heads: int, window: int, mlp_ratio: int, side: int, shifted: bool
    ) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.GroupNorm(32, channels)
        self.attn = WindowAttention(channels, heads, window)
        self.norm2 = nn.GroupNorm(32, channels)
        self.mlp = Mlp(channels, mlp_ratio)
        # Files hold it for the side that the network was trained at. At any other size it is the
        # same again: zero, and in the last row of windows what its last entry is.
        mask = shifted_mask(side, side, window) if shifted else None
        self.register_buffer("attn_mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        x = self._attended(self.norm1(x)).add_(x)
        return self.mlp(self.norm2(x)).add_(x)

    def _attended(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        side = self.window
        shift = side // 2 if self.attn_mask is not None else 0
        x = x.permute(0, 2, 3, 1)
        if shift:
            x = x.roll((-shift, -shift), (1, 2))
        rows, columns = h // side, w // side
        # Rows of windows outermost: those of the last row, of all pictures, are then at the end.
        x = x.reshape(n, rows, side, columns, side, c).permute(1, 0, 3, 2, 4, 5)
        windows = x.reshape(rows * n * columns, side**2, c)
        if self.attn_mask is None:
            windows = self.attn(windows)
        else:
            windows = self.attn(windows, n * columns, self.attn_mask[-1])
        x = windows.view(rows, n, columns, side, side, c).permute(1, 0, 3, 2, 4, 5)
        x = x.reshape(n, h, w, c)
        if shift:
            x = x.roll((shift, shift), (1, 2))
        return x.permute(0, 3, 1, 2)


class SwinLayer(nn.Module):
    """Pairs of blocks, the second shifted, between two projections; no shortcut around it all.

    Whether to shift was decided by the side in training: where one window covered the picture,
    blocks are never shifted, at any size.
    """

    def __init__(
        self,
        outside: int,
        channels: int,
        heads: int,
        *,
        depth: int,
        window: int,
        mlp_ratio: int,
        side: int,
    ) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(outside, channels, 1)})
        self.patch_unembed = nn.ModuleDict({"proj": nn.Conv2d(channels, outside, 1)})
        self.blocks = nn.Sequential(
            *(
                SwinBlock(channels, heads, window, mlp_ratio, side, k % 2 == 1 and side > window)
                for k in range(depth)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.patch_unembed["proj"](self.blocks(self.patch_embed["proj"](x)))
