"""What a photo carries may be damaged: the picture is read, and a notice says what is left out."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest

from restore import photo
from restore.photo import Photo

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
ADOBE = bytes(imagecodecs.cms_profile("adobergb"))


def read(data: bytes) -> Photo:
    return photo.read(data, max_pixels=10**6)


def jpeg_with(marker: int, payload: bytes, **traits: bytes) -> Photo:
    """Read a JPEG with one more segment at its beginning."""
    whole = photo.encode(Photo(PIXELS, "JPEG", **traits), PIXELS)
    segment = struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
    return read(whole[:2] + segment + whole[2:])


@pytest.mark.parametrize("rest", [b"", b"\1", b"\1\1", b"\1\1no profile"])
def test_a_jpegs_profile_that_is_cut_short(rest: bytes) -> None:
    found = jpeg_with(0xE2, b"ICC_PROFILE\0" + rest)
    assert found.profile is None
    assert found.notices == ("its colour profile cannot be used and is left out",)


def test_a_stray_segment_spoils_no_profile() -> None:
    found = jpeg_with(0xE2, b"ICC_PROFILE\0", profile=ADOBE)
    assert found.profile == ADOBE
    assert found.notices == ()
