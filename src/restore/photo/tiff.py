"""TIFF: its picture by tifffile, what the photo carries by its directories' own bytes.

Source: TIFF 6.0; Adobe Photoshop TIFF Technical Notes (deflate); XMP specification part 3,
section 3.
"""

from __future__ import annotations

import io
import json
import logging
import struct
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray

from ..errors import InputError
from . import exif, ifd
from .decoded import Decoded, check_size, damage_refused, refuse_pages
from .photo import Photo, Pixels

_DESCRIPTION, _XMP, _ICC = 270, 700, 34675
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_SAMPLES = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_DEFLATE, _OLD_DEFLATE = 8, 32946
_PREMULTIPLIED = 1
_WRITTEN = {1: 1, 5: 5, _DEFLATE: _DEFLATE, _OLD_DEFLATE: _DEFLATE}  # none, LZW, deflate

# Its warnings about files would go to stderr beside our own single line.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class _Page:
    """What a page's directory says, checked for its types."""

    photometric: int
    bits: int
    kind: int  #: 1: whole numbers, 2: signed, 3: floating point
    samples: int  #: in a pixel
    size: tuple[int, int]  #: width, height
    depth: int
    separate: bool  #: planes one after the other
    compression: int
    premultiplied: bool
    palette: NDArray[np.uint8] | None
    orientation: int
    dpi: tuple[float, float] | None
    offset: int  #: of the directory

    @classmethod
    def of(cls, page: tifffile.TiffPage) -> _Page:
        photometric = int(page.photometric)
        if photometric == _YCBCR and page.compression in (6, 7):
            photometric = _RGB  # JPEG's decoder converts it
        orientation = int(page.tags.valueof(274, default=1))
        return cls(
            photometric=photometric,
            bits=int(page.bitspersample),
            kind=int(page.sampleformat),
            samples=int(page.samplesperpixel),
            size=(int(page.imagewidth), int(page.imagelength)),
            depth=int(page.imagedepth),
            separate=int(page.planarconfig or 1) == 2,
            compression=int(page.compression),
            premultiplied=tuple(page.extrasamples)[:1] == (_PREMULTIPLIED,),
            palette=_palette(page) if photometric == _PALETTE else None,
            orientation=orientation if 1 <= orientation <= 8 else 1,
            dpi=_dpi(page),
            offset=int(page.offset),
        )


def _palette(page: tifffile.TiffPage) -> NDArray[np.uint8]:
    if page.colormap is None:
        raise ValueError("its palette is missing")
    # Old palettes hold bytes where the standard wants 16 bits.
    colours = page.colormap.reshape(3, -1)
    return np.ascontiguousarray((colours if colours.max() < 256 else colours >> 8).T, np.uint8)


def _dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    unit = {2: 1.0, 3: 2.54}.get(int(page.tags.valueof(296, default=2)))
    ratios = [page.tags.valueof(tag, default=(0, 1)) for tag in (282, 283)]
    if unit is None or not all(dots and inches for dots, inches in ratios):
        return None
    across, down = (float(dots / inches * unit) for dots, inches in ratios)
    return across, down


def decode(data: bytes, max_pixels: int) -> Decoded:
    """Read a TIFF of 1 to 8 or 16 bits a sample: grey, RGB, palette or CMYK.

    Raises:
        InputError: If it is damaged, cut short, too large, or of a kind that we do not read.
    """
    with damage_refused("TIFF"):
        file = tifffile.TiffFile(io.BytesIO(data))
        pages = [page.aspage() for page in file.pages]
        if not pages:
            raise ValueError("it has no directory")
        # A smaller copy of the picture, or its mask, is no picture of its own.
        full = [page for page in pages if not page.subfiletype & 5] or pages[:1]
        page = _Page.of(full[0])
    refuse_pages(len(full), "documents")
    check_size(*page.size, max_pixels)
    _check_kind(page)
    with damage_refused("TIFF"):
        samples = full[0].asarray(maxworkers=1)
        if page.separate and samples.ndim == 3:
            samples = samples.transpose(1, 2, 0)
        width, height = page.size
        samples = samples.reshape(height, width, page.samples)
        decoded = Decoded(samples, orientation=page.orientation, dpi=page.dpi)
        _take_samples(decoded, page)
        _take_metadata(decoded, data, page)
    decoded.compression = _WRITTEN.get(page.compression, _DEFLATE)
    return decoded


def ends_early(data: bytes) -> bool:
    """Say whether a TIFF ends before its first directory does, which we write last."""
    try:
        layout = ifd.Layout.of(data)
        layout.entries(data, layout.first(data))
    except (ValueError, struct.error):
        return True
    return False


def _check_kind(page: _Page) -> None:
    """Refuse what we do not read."""
    if page.kind != 1 or page.bits not in (1, 2, 4, 8, 16):
        kinds = {1: "whole numbers", 2: "signed numbers", 3: "floating point"}
        what = f"{page.bits}-bit {kinds.get(page.kind, 'samples')}"
    elif page.photometric not in _SAMPLES:
        names = {_YCBCR: "YCbCr", 8: "CIE Lab", 9: "ICC Lab", 32803: "camera mosaics"}
        what = f"the colour space {names.get(page.photometric, page.photometric)}"
    elif page.samples < _SAMPLES[page.photometric] or page.depth != 1:
        what = f"{page.samples} samples a pixel"
    else:
        return
    raise InputError(
        f"a TIFF of {what} is not supported", hint="convert it to RGB or grey of 8 or 16 bits"
    )


def _take_samples(decoded: Decoded, page: _Page) -> None:
    """Bring samples to black is 0, full range, no palette, alpha apart."""
    inks = _SAMPLES[page.photometric]
    samples, extra = decoded.samples[:, :, :inks], decoded.samples[:, :, inks:]
    if page.palette is not None:
        samples = page.palette[samples[:, :, 0].astype(np.uint16)]
    elif page.bits < 8:
        samples = samples.astype(np.uint8) * (255 // (2**page.bits - 1))
    if page.photometric == _WHITE_IS_ZERO:
        samples = ~samples
    decoded.samples = np.ascontiguousarray(samples)
    if extra.shape[2] and samples.dtype == extra.dtype:
        decoded.alpha = np.ascontiguousarray(extra[:, :, 0])
        if page.premultiplied:
            _divide(decoded)
    if extra.shape[2] > 1:
        decoded.notices.append("of several extra channels the first is kept, as alpha")


def _divide(decoded: Decoded) -> None:
    """Undo the multiplication with alpha, row by row."""
    assert decoded.alpha is not None
    full = np.iinfo(decoded.samples.dtype).max
    if (decoded.alpha == full).all():
        return
    for row, alpha in zip(decoded.samples, decoded.alpha, strict=True):
        whole = np.maximum(alpha, 1).astype(np.uint64)[:, None]
        row[:] = np.minimum((row.astype(np.uint64) * full + whole // 2) // whole, full)
    decoded.converted = True
    decoded.notices.append("its pixels are no longer multiplied with alpha")


def _take_metadata(decoded: Decoded, data: bytes, page: _Page) -> None:
    layout = ifd.Layout.of(data)
    entries = ifd.read_entries(data, layout, page.offset)
    values = {entry.tag: entry.value for entry in entries if isinstance(entry.value, bytes)}
    decoded.xmp, decoded.profile = values.get(_XMP), values.get(_ICC)
    kept = [entry for entry in entries if entry.tag in exif.KEPT and not _tells_shape(entry)]
    if not ifd.is_whole(data, layout, page.offset):
        decoded.notices.append(exif.DAMAGED_PART)
    if kept:
        block = ifd.Layout(layout.order)
        decoded.exif = block.header() + ifd.directory(kept, block, 8)


def _tells_shape(entry: ifd.Entry) -> bool:
    """Say whether an entry is tifffile's note of the array in the file, and no description.

    A result may have another size or more channels: the note would be untrue, and is read as true.
    """
    if entry.tag != _DESCRIPTION or not isinstance(entry.value, bytes):
        return False
    try:
        note = json.loads(entry.value.rstrip(b"\0"))
    except (ValueError, RecursionError):
        return False
    return isinstance(note, dict) and "shape" in note and note.keys() <= {"shape", "axes"}


def encode(photo: Photo, pixels: Pixels, xmp: bytes | None) -> bytes:
    """Write (H, W, 1 or 3) uint8 or uint16 as TIFF, with the photo's alpha and compression."""
    samples = pixels if photo.alpha is None else np.dstack([pixels, photo.alpha])
    layout = ifd.Layout.of(photo.exif) if photo.exif else ifd.Layout("<")
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        samples if samples.shape[2] > 1 else samples[:, :, 0],
        byteorder=layout.order,
        photometric="rgb" if pixels.shape[2] == 3 else "minisblack",
        planarconfig="contig" if samples.shape[2] > 1 else None,
        extrasamples=None if photo.alpha is None else ["unassalpha"],
        compression=photo.compression,
        predictor=photo.compression != 1,
        resolution=photo.dpi,
        resolutionunit=2 if photo.dpi else 1,
        metadata=None,
        software=False,
        maxworkers=1,
    )
    _add(stream, photo, xmp)
    return stream.getvalue()


def _add(stream: io.BytesIO, photo: Photo, xmp: bytes | None) -> None:
    """Replace the directory by one, at the end, that has what the photo carries too."""
    written = stream.getvalue()
    layout = ifd.Layout.of(written)
    entries = {e.tag: e for e in ifd.read_entries(written, layout, layout.first(written))}
    if photo.exif:
        block = ifd.Layout.of(photo.exif)
        for entry in ifd.read_entries(photo.exif, block, block.first(photo.exif)):
            if entry.tag in exif.KEPT:
                entries[entry.tag] = entry
    for tag, kind, value in ((_XMP, 1, xmp), (_ICC, 7, photo.profile)):
        if value:
            entries[tag] = ifd.Entry(tag, kind, len(value), value)
    at = len(written) + len(written) % 2
    del written
    stream.seek(at)
    stream.write(ifd.directory(list(entries.values()), layout, at))
    stream.seek(layout.pointer_at)
    stream.write(layout.pointer(at))
