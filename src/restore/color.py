"""RGB, linear light and CIE Lab, as pure functions of tensors on any device.

Float pictures are (..., 3, H, W): sRGB-encoded RGB in [0, 1]; CIE L* in [0, 100]; a* and b*
in CIE units. A photo's own integers are (H, W, C), as its file holds them. White is D65, in
the form that IEC 61966-2-1 rounds it to, so that grey pixels have a* = b* = 0 to float
precision.

Sources: IEC 61966-2-1 (sRGB); CIE 15:2004 (Lab); Sharma, Wu and Dalal 2005, "The CIEDE2000
Color-Difference Formula", Color Research and Application 30(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

_RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_DELTA = 6 / 29  # in f, where the cube root gives way to a line
_EPSILON = _DELTA**3  # the same place, in light
_KAPPA = 24389 / 27  # slope of that line times 116

_BLOCK = 1 << 15  # pixels worked on at once: their planes fit the second-level cache
_SLACK = 1e-6  # light this far outside [0, 1] is float rounding, not a colour outside the gamut
_HALVINGS = 8  # chroma at the gamut's edge is found to 1/256 of itself
_LEVELS = {torch.uint8: 1 << 8, torch.uint16: 1 << 16}
_FINE = {torch.uint8: 1 << 14, torch.uint16: 1 << 18}  # entries of the encoding tables


@dataclass(frozen=True, eq=False)
class RgbSpace:
    """What a photo's RGB numbers mean."""

    matrix: Tensor  #: (3, 3) float64: linear RGB -> XYZ / white, so (1, 1, 1) -> (1, 1, 1)
    curves: Tensor | None = None  #: (3, K) float64: decoding, sampled over [0, 1]; None: sRGB's


def to_linear(rgb: Tensor) -> Tensor:
    """Decode sRGB to linear light, [0, 1] to [0, 1]."""
    return torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def from_linear(linear: Tensor) -> Tensor:
    """Encode linear light as sRGB, [0, 1] to [0, 1]."""
    curved = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, curved)


def _white_is_one(matrix: Tensor) -> Tensor:
    return matrix / matrix.sum(dim=1, keepdim=True)


SRGB = RgbSpace(_white_is_one(torch.tensor(_RGB_TO_XYZ, dtype=torch.float64)))


def _f(light: Tensor) -> Tensor:
    """Return CIE 15's f: the cube root, and below `_EPSILON` its tangent."""
    return light.clamp_min(_EPSILON) ** (1 / 3) + (light - _EPSILON).clamp_max(0) * (_KAPPA / 116)


def _light(f: Tensor) -> Tensor:
    """Return what `_f` was taken of.

    The cube and its tangent at delta differ by (f - delta)^2 (f + 2 delta): no branch.
    """
    above = (f - _DELTA).clamp_min(0)
    tangent = (f - 4 / 29) * (3 * _DELTA**2)
    return tangent.addcmul_(above * above, above + 3 * _DELTA)


def to_lab(rgb: Tensor) -> Tensor:
    """Convert (..., 3, H, W) sRGB to Lab."""
    matrix = SRGB.matrix.to(rgb.device, rgb.dtype)
    f = _f(torch.einsum("ij,...jhw->...ihw", matrix, to_linear(rgb)))
    x, y, z = f.unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-3)


def from_lab(lab: Tensor) -> Tensor:
    """Convert (..., 3, H, W) Lab to sRGB; colours outside its gamut fall outside [0, 1]."""
    lightness, a, b = lab.unbind(-3)
    y = (lightness + 16) / 116
    light = _light(torch.stack([y + a / 500, y, y - b / 200], dim=-3))
    matrix = torch.linalg.inv(SRGB.matrix).to(lab.device, lab.dtype)
    return from_linear(torch.einsum("ij,...jhw->...ihw", matrix, light))


@lru_cache(maxsize=8)
def _decoding(space: RgbSpace, dtype: torch.dtype) -> Tensor:
    """Return each channel's light for every integer: (3, levels) float64."""
    values = torch.linspace(0, 1, _LEVELS[dtype], dtype=torch.float64)
    if space.curves is None:
        return to_linear(values).expand(3, -1)
    samples = np.linspace(0, 1, space.curves.shape[1])
    rows = [np.interp(values.numpy(), samples, curve) for curve in space.curves.numpy()]
    return torch.from_numpy(np.stack(rows))


@lru_cache(maxsize=8)
def _encoding(space: RgbSpace, dtype: torch.dtype) -> Tensor:
    """Return each channel's integer for the square root of light: (3, entries) int32.

    The root spreads the shadows: an entry is at most 0.4 levels wide in sRGB.
    """
    light = torch.linspace(0, 1, _FINE[dtype], dtype=torch.float64).square()
    if space.curves is None:
        encoded = from_linear(light).expand(3, -1)
    else:
        rising = np.maximum.accumulate(space.curves.numpy(), axis=1)
        samples = np.linspace(0, 1, rising.shape[1])
        rows = [np.interp(light.numpy(), curve, samples) for curve in rising]
        encoded = torch.from_numpy(np.stack(rows))
    return (encoded * (_LEVELS[dtype] - 1)).round().to(torch.int32)


@lru_cache(maxsize=8)
def _luminance(space: RgbSpace, dtype: torch.dtype) -> Tensor:
    """Return each channel's share of Y for every integer: (3, levels) float32."""
    return (space.matrix[1, :, None] * _decoding(space, dtype)).float()


def to_picture(pixels: Tensor, space: RgbSpace = SRGB) -> Tensor:
    """Convert a photo's own integers, (H, W, 1 or 3), to (3, H, W) float32 sRGB in [0, 1]."""
    planes = pixels.permute(2, 0, 1).to(torch.int32).expand(3, -1, -1)
    if space is SRGB:
        return planes / (_LEVELS[pixels.dtype] - 1)
    tables = _decoding(space, pixels.dtype).float().to(pixels.device)
    light = torch.stack([table[plane] for table, plane in zip(tables, planes, strict=True)])
    matrix = torch.linalg.solve(SRGB.matrix, space.matrix).to(light)
    return from_linear((matrix @ light.flatten(1)).clamp_(0, 1)).view(planes.shape)


def from_picture(
    picture: Tensor, space: RgbSpace = SRGB, dtype: torch.dtype = torch.uint8
) -> Tensor:
    """Convert (3, H, W) sRGB to integers (H, W, 3); what does not fit is clipped."""
    top = _LEVELS[dtype] - 1
    if space is SRGB:
        levels = (picture.clamp(0, 1) * top).round()
    else:
        matrix = torch.linalg.solve(space.matrix, SRGB.matrix).to(picture)
        light = (matrix @ to_linear(picture).flatten(1)).clamp_(0, 1)
        tables = _encoding(space, dtype).to(picture.device)
        index = light.sqrt_().mul_(tables.shape[1] - 1).round_().long()
        levels = tables.gather(1, index).view(picture.shape)
    return levels.permute(1, 2, 0).to(torch.int32).to(dtype)


def lightness(pixels: Tensor, space: RgbSpace = SRGB) -> Tensor:
    """Return CIE L* of a photo's own integers.

    Args:
        pixels: (H, W, C), uint8 or uint16; C is 1 (grey: all channels alike) or 3.
        space: What the numbers mean.

    Returns:
        (H, W) float32 in [0, 100].
    """
    height, width, channels = pixels.shape
    shares = _luminance(space, pixels.dtype).to(pixels.device)
    flat = pixels.reshape(-1, channels)
    if channels == 1:
        table = (116 * _f(shares.double().sum(0)) - 16).float()
        return table.index_select(0, flat[:, 0].to(torch.int32)).view(height, width)
    result = torch.empty(len(flat), device=pixels.device)
    for start in range(0, len(flat), _BLOCK):
        block = flat[start : start + _BLOCK].to(torch.int32)
        red, green, blue = (shares[c].index_select(0, block[:, c]) for c in range(3))
        result[start : start + _BLOCK] = 116 * _f(red.add_(green).add_(blue)) - 16
    return result.view(height, width)


def colored(
    lightness: Tensor, ab: Tensor, space: RgbSpace = SRGB, dtype: torch.dtype = torch.uint8
) -> Tensor:
    """Return the integers of a picture with exactly this lightness and, where it fits, this chroma.

    A colour outside the gamut keeps its L* and the direction of (a*, b*), and gives up chroma.
    Of the three roundings the one that weighs most, green's, is done last and makes up for the
    light that the other two lost or added, so that L* moves by little more than half a level of
    green.

    Args:
        lightness: (H, W) float32, L* in [0, 100].
        ab: (2, H, W) float32, CIE units, of any size.
        space: What the numbers are to mean.
        dtype: uint8 or uint16.

    Returns:
        (H, W, 3) of `dtype`.
    """
    height, width = lightness.shape
    result = torch.empty(height * width, 3, dtype=dtype, device=lightness.device)
    matrix = torch.linalg.inv(space.matrix).to(lightness)
    f = lightness.reshape(-1).add(16).div_(116)
    ab = ab.reshape(2, -1)
    outside = []
    for start in range(0, len(f), _BLOCK):
        block = slice(start, start + _BLOCK)
        y, rgb = _linear_rgb(f[block], ab[:, block], matrix)
        far = _distance(rgb) > 0.5 + _SLACK
        if far.any():
            outside.append(far.nonzero()[:, 0].add_(start))
        _encode(y, rgb, space, result[block])
    all_outside = torch.cat(outside) if outside else torch.empty(0, dtype=torch.int64)
    for start in range(0, len(all_outside), _BLOCK):
        pixels = all_outside[start : start + _BLOCK]
        few = torch.empty(len(pixels), 3, dtype=dtype, device=lightness.device)
        here, chroma = f.index_select(0, pixels), ab.index_select(1, pixels)
        scale = _fitting(here, chroma, matrix)
        _encode(*_linear_rgb(here, chroma * scale, matrix), space, few)
        # As bytes: uint16 cannot be assigned to places.
        result.view(torch.uint8)[pixels] = few.view(torch.uint8)
    return result.view(height, width, 3)


def _linear_rgb(f: Tensor, ab: Tensor, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return Y and linear RGB, (N,) and (3, N), of f(Y) and chroma (2, N)."""
    xyz = torch.stack([f, f, f])
    xyz[0].add_(ab[0], alpha=1 / 500)
    xyz[2].sub_(ab[1], alpha=1 / 200)
    xyz = _light(xyz)
    return xyz[1], matrix @ xyz


def _distance(rgb: Tensor) -> Tensor:
    """Return how far from middle grey the farthest channel is; beyond 0.5 no RGB has the colour."""
    return (rgb - 0.5).abs_().amax(0)


def in_gamut(lightness: Tensor, ab: Tensor, space: RgbSpace = SRGB) -> Tensor:
    """Return the chroma that `colored` gives: where it does not fit, as much of it as does.

    Args:
        lightness: (H, W) float32, L* in [0, 100].
        ab: (2, H, W) float32, CIE units, of any size.
        space: Whose gamut it is.
    """
    matrix = torch.linalg.inv(space.matrix).to(lightness)
    f, flat = lightness.reshape(-1).add(16).div_(116), ab.reshape(2, -1)
    far = _distance(_linear_rgb(f, flat, matrix)[1]) > 0.5 + _SLACK
    scale = torch.where(far, _fitting(f, flat, matrix), 1)
    return ab * scale.view(lightness.shape)


def _fitting(f: Tensor, ab: Tensor, matrix: Tensor) -> Tensor:
    """Return the share of the chroma that fits the gamut: (N,)."""
    scale = torch.zeros_like(f)  # grey fits, and a scale is only kept if it does
    for halving in range(1, _HALVINGS + 1):
        trial = scale + 0.5**halving
        _, rgb = _linear_rgb(f, ab * trial, matrix)
        scale.add_(_distance(rgb) <= 0.5, alpha=0.5**halving)
    return scale


def _encode(y: Tensor, rgb: Tensor, space: RgbSpace, out: Tensor) -> None:
    """Round light (3, N) to integers (N, 3) so that luminance stays `y`."""
    tables = _encoding(space, out.dtype).to(y.device)
    shares = _luminance(space, out.dtype).to(y.device)
    weights = space.matrix[1].tolist()
    *others, last = sorted(range(3), key=weights.__getitem__)
    missing = y.clone()
    for channel in others:
        missing.sub_(_store(rgb[channel], tables[channel], shares[channel], out[:, channel]))
    _store(missing.div_(weights[last]), tables[last], shares[last], out[:, last])


def _store(light: Tensor, table: Tensor, shares: Tensor, out: Tensor) -> Tensor:
    """Encode one channel's light into `out`; return the luminance that the integers have."""
    index = light.clamp_(0, 1).sqrt_().mul_(len(table) - 1).add_(0.5).to(torch.int32)
    values = table.index_select(0, index)
    out.copy_(values)
    return shares.index_select(0, values)


def ciede2000(one: Tensor, other: Tensor) -> Tensor:
    """Return the CIEDE2000 difference of two Lab pictures, (..., 3, H, W) -> (..., H, W)."""
    l1, a1, b1 = one.unbind(-3)
    l2, a2, b2 = other.unbind(-3)
    mean_c7 = ((torch.hypot(a1, b1) + torch.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * (mean_c7 / (mean_c7 + 25.0**7)).sqrt()  # 1 + G
    c1, c2 = torch.hypot(stretch * a1, b1), torch.hypot(stretch * a2, b2)
    h1, h2 = (torch.rad2deg(torch.atan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))

    coloured = (c1 * c2) > 0  # a grey has no hue: take the other's
    turn = h2 - h1
    turn = turn - 360 * turn.sign() * (turn.abs() > 180)  # the short way round
    turn = torch.where(coloured, turn, torch.zeros_like(turn))
    hue = torch.where(coloured, h1 + turn / 2, h1 + h2)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    delta_h = 2 * (c1 * c2).sqrt() * torch.sin(torch.deg2rad(turn / 2))

    def cosine(degrees: Tensor) -> Tensor:
        return torch.cos(torch.deg2rad(degrees))

    t = (
        1
        - 0.17 * cosine(hue - 30)
        + 0.24 * cosine(2 * hue)
        + 0.32 * cosine(3 * hue + 6)
        - 0.20 * cosine(4 * hue - 63)
    )
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / (20 + (lightness - 50) ** 2).sqrt()
    s_c = 1 + 0.045 * chroma
    s_h = 1 + 0.015 * chroma * t
    hue = hue % 360
    chroma7 = chroma**7
    twist = torch.deg2rad(60 * torch.exp(-(((hue - 275) / 25) ** 2)))  # 2 delta theta
    r_t = -2 * (chroma7 / (chroma7 + 25.0**7)).sqrt() * torch.sin(twist)
    by_l, by_c, by_h = (l2 - l1) / s_l, (c2 - c1) / s_c, delta_h / s_h
    return (by_l**2 + by_c**2 + by_h**2 + r_t * by_c * by_h).clamp_min(0).sqrt()
