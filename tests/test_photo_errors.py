"""What cannot be read is refused with one line and a hint, before memory is spent."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from restore import photo
from restore.errors import InputError, OutputError
from restore.files import Format
from restore.photo import Photo

FORMATS: list[Format] = ["JPEG", "PNG", "WEBP", "TIFF"]
PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
WHOLE = {name: photo.encode(Photo(PIXELS, name), PIXELS) for name in FORMATS}


def refused(source: Path | bytes, max_pixels: int = 10**6) -> str:
    with pytest.raises(InputError) as caught:
        photo.read(source, max_pixels=max_pixels)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return str(caught.value)


def cannot_be_read(format_: Format) -> str:
    """Return what is said of damage: nothing that a decoder says of itself."""
    name = "WebP" if format_ == "WEBP" else format_
    return f"this {name} cannot be read: it is damaged, cut short or of a rare kind"


def test_what_is_no_photo(tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("This is not a photo.")
    empty = tmp_path / "empty.png"
    empty.touch()
    assert "not a JPEG" in refused(text)
    assert "empty" in refused(empty)
    assert "no such file" in refused(tmp_path / "gone.jpg")
    assert "directory" in refused(tmp_path)
    assert "too long" in refused(tmp_path / ("x" * 300))


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert refused(tmp_path / "a.jpg") == "cannot be read: permission denied"


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.95])
def test_files_cut_short(format_: Format, share: float) -> None:
    whole = WHOLE[format_]
    message = refused(whole[: max(13, int(len(whole) * share))])
    assert message in (cannot_be_read(format_), "this JPEG is cut short: its end is missing")


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_a_flipped_byte_is_noticed(format_: Format) -> None:
    damaged = bytearray(WHOLE[format_])
    damaged[len(damaged) // 2] ^= 0xFF
    assert refused(bytes(damaged)) == cannot_be_read(format_)


@given(format_=st.sampled_from(FORMATS), data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_headers_never_look_like_our_own_bugs(format_: Format, data: st.DataObject) -> None:
    damaged = bytearray(WHOLE[format_])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, 160) | st.integers(len(damaged) - 200, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        result = photo.read(bytes(damaged), max_pixels=10**6)
    except InputError:
        return
    assert result.pixels.ndim == 3


def bombs() -> dict[str, bytes]:
    png, webp = bytearray(WHOLE["PNG"]), bytearray(WHOLE["WEBP"])
    png[16:24] = struct.pack(">II", 60_000, 60_000)
    jpeg = bytearray(WHOLE["JPEG"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    webp[21:25] = struct.pack("<I", 0x0FFFFFFF)
    tiff = bytearray(WHOLE["TIFF"])
    with tifffile.TiffFile(io.BytesIO(bytes(tiff))) as opened:
        tags = opened.pages[0].aspage().tags
        for tag in (256, 257):
            place = tags[tag].valueoffset
            tiff[place : place + 4] = struct.pack("<I", 60_000)
    return {"PNG": bytes(png), "JPEG": bytes(jpeg), "WEBP": bytes(webp), "TIFF": bytes(tiff)}


@pytest.mark.parametrize("format_", FORMATS)
def test_bombs_are_refused_by_their_headers(format_: Format) -> None:
    bomb = bombs()[format_]
    tracemalloc.start()
    message = refused(bomb, max_pixels=250_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "more than 250,000,000" in message
    assert peak < 10_000_000


@pytest.mark.parametrize("format_", FORMATS)
def test_the_limit_is_the_users_own(format_: Format) -> None:
    assert photo.read(WHOLE[format_], max_pixels=2400).pixels.shape == (40, 60, 3)
    assert "2,400 pixels, more than 2,399" in refused(WHOLE[format_], max_pixels=2399)


def test_a_picture_without_pixels() -> None:
    png = bytearray(WHOLE["PNG"])
    png[16:20] = bytes(4)
    assert "no pixels" in refused(bytes(png))


@pytest.mark.parametrize(("format_", "word"), [("PNG", "anim"), ("WEBP", "anim"), ("TIFF", "doc")])
def test_several_pictures_in_one_file(format_: str, word: str) -> None:
    first, second = Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1].copy())
    stream = io.BytesIO()
    first.save(stream, format_, save_all=True, append_images=[second])
    message = refused(stream.getvalue())
    assert word in message
    assert "2 pictures" in message


def tiff(pixels: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", [np.float32, np.uint32, np.int16, np.float64])
def test_numbers_that_are_not_read(dtype: type) -> None:
    data = tiff(np.zeros((4, 4), dtype))
    assert f"{np.dtype(dtype).itemsize * 8}-bit" in refused(data)


def test_colours_that_are_not_read() -> None:
    assert "CIE Lab" in refused(tiff(PIXELS, photometric="cielab"))


def test_a_12_bit_jpeg_is_refused() -> None:
    jpeg = bytearray(WHOLE["JPEG"])
    jpeg[jpeg.index(b"\xff\xc0") + 4] = 12
    assert "x 12 bits" in refused(bytes(jpeg))


def test_what_a_format_cannot_hold() -> None:
    wide = np.zeros((1, 16384, 1), np.uint8)
    with pytest.raises(OutputError, match="16383"):
        photo.encode(Photo(wide, "WEBP"), wide)
    with pytest.raises(OutputError, match="XMP"):
        photo.encode(Photo(PIXELS, "JPEG"), PIXELS, xmp=bytes(70_000))


def test_the_decoders_are_silent(capfd: pytest.CaptureFixture[str]) -> None:
    refused(WHOLE["TIFF"][:13])
    png = bytearray(photo.encode(Photo(PIXELS, "PNG", profile=b"no profile" * 20), PIXELS))
    assert "profile" in photo.read(bytes(png), max_pixels=10**6).notices[0]
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_costs_no_needless_imports() -> None:
    code = (
        "import sys; from restore import photo; data = sys.stdin.buffer.read();"
        "p = photo.read(data, max_pixels=10**6); photo.encode(p, p.pixels);"
        "print({'tifffile', 'PIL', 'imagecodecs._png', 'imagecodecs._cms'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=WHOLE["JPEG"], capture_output=True, check=True
    )
    assert run.stdout.strip() == b"set()"
