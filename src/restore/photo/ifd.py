"""TIFF image file directories as raw bytes, so that what we do not understand survives.

EXIF blocks and TIFF files share this structure. Sources: TIFF 6.0, section 2; Adobe TIFF
Technical Note 1 (sub-directories); EXIF 2.32, section 4.6.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from struct import calcsize, error, pack, unpack_from
from typing import Literal

EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
_DIRECTORIES = {EXIF, GPS, INTEROPERABILITY}
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES |= {16: 8, 17: 8, 18: 8}
_DEEPEST = 3  # Exif holds Interoperability; deeper is a loop


@dataclass(frozen=True)
class Layout:
    """Byte order and width of a file's numbers."""

    order: Literal["<", ">"]  #: "<" or ">", as in `struct`
    big: bool = False  #: BigTIFF: counts and offsets of 8 bytes

    @classmethod
    def of(cls, data: bytes) -> Layout:
        """Read a header.

        Raises:
            ValueError: If it is none.
        """
        orders: dict[bytes, Literal["<", ">"]] = {b"II": "<", b"MM": ">"}
        order = orders.get(data[:2])
        if order is None or len(data) < 8:
            raise ValueError("no TIFF header")
        return cls(order, big=unpack_from(order + "H", data, 2)[0] == 43)

    @property
    def _offset(self) -> str:
        return "Q" if self.big else "I"

    @property
    def _count(self) -> str:
        return "Q" if self.big else "H"

    @property
    def _entry(self) -> str:
        """Tag, kind, count; the value's own bytes, or their offset, follow."""
        return f"{self.order}HH{self._offset}"

    def header(self) -> bytes:
        """Return the bytes before a first directory that follows at once."""
        mark = b"II" if self.order == "<" else b"MM"
        if self.big:
            return mark + pack(self.order + "HHHQ", 43, 8, 0, 16)
        return mark + pack(self.order + "HI", 42, 8)

    @property
    def pointer_at(self) -> int:
        """Where a header says where the first directory begins."""
        return 8 if self.big else 4

    def pointer(self, at: int) -> bytes:
        """Return an offset as it is written."""
        return pack(self.order + self._offset, at)

    def first(self, data: bytes) -> int:
        """Return where the first directory begins."""
        return int(unpack_from(self.order + self._offset, data, self.pointer_at)[0])

    def entries(self, data: bytes, at: int) -> tuple[list[tuple[int, int]], int]:
        """Return each entry's tag and place, and the place of the next directory's offset."""
        (count,) = unpack_from(self.order + self._count, data, at)
        at += calcsize(self.order + self._count)
        size = self._value_at + calcsize(self._offset)
        if at + count * size > len(data):
            raise ValueError("a directory is cut short")
        places = range(at, at + count * size, size)
        tags = [(unpack_from(self.order + "H", data, place)[0], place) for place in places]
        return tags, at + count * size

    @property
    def _value_at(self) -> int:
        return calcsize(self._entry)

    def integer(self, data: bytes, at: int) -> int:
        """Return the single whole number that the entry at `at` holds."""
        code = {1: "B", 3: "H", 4: "I"}[unpack_from(self.order + "H", data, at + 2)[0]]
        return int(unpack_from(self.order + code, data, at + self._value_at)[0])

    def place_of_value(self, at: int) -> int:
        """Return where the value of the entry at `at` is, if it is short."""
        return at + self._value_at


@dataclass(frozen=True)
class Entry:
    """One tag, with its value in the file's byte order."""

    tag: int
    kind: int
    count: int
    value: bytes | tuple[Entry, ...]  #: or the entries of the directory that it points to


def read_entries(data: bytes, layout: Layout, at: int, depth: int = 0) -> list[Entry]:
    """Read a directory and those below it; entries that point outside are left out.

    So are those that point to a directory that is damaged: see `is_whole`.

    Raises:
        ValueError: If it is damaged itself.
        struct.error: If it is cut short.
    """
    entries, followed = [], set[int]()
    for tag, place in layout.entries(data, at)[0]:
        kind, count = unpack_from(layout._entry, data, place)[1:]
        size = _BYTES.get(kind, 0) * count
        start = layout.place_of_value(place)
        if size > calcsize(layout._offset):
            (start,) = unpack_from(layout.order + layout._offset, data, start)
        if tag in _DIRECTORIES and depth < _DEEPEST and size:
            if tag in followed:  # a directory may name itself thousands of times
                continue
            followed.add(tag)
            below = int.from_bytes(
                data[start : start + size], "little" if layout.order == "<" else "big"
            )
            with suppress(ValueError, OverflowError, error):
                found = read_entries(data, layout, below, depth + 1)
                entries.append(Entry(tag, 4, 1, tuple(found)))
        elif size and start + size <= len(data):
            entries.append(Entry(tag, kind, count, data[start : start + size]))
    return entries


def is_whole(data: bytes, layout: Layout, at: int) -> bool:
    """Say whether every directory that the one at `at` points to can be read.

    Raises:
        ValueError: If it is damaged itself.
        struct.error: If it is cut short.
    """
    pointers = {tag for tag, _ in layout.entries(data, at)[0]} & _DIRECTORIES
    return pointers <= {entry.tag for entry in read_entries(data, layout, at)}


def directory(entries: list[Entry] | tuple[Entry, ...], layout: Layout, at: int) -> bytes:
    """Return a directory with all that it points to, to be put at the even place `at`."""
    width = calcsize(layout._offset)
    head = pack(layout.order + layout._count, len(entries))
    beyond = at + len(head) + len(entries) * (layout._value_at + width) + width
    tail = b""
    for entry in sorted(entries, key=lambda entry: entry.tag):
        kind, count, value = entry.kind, entry.count, entry.value
        if isinstance(value, tuple):
            kind, count = (18 if layout.big else 4), 1
            below = beyond + len(tail)
            tail += _even(directory(value, layout, below))
            value = pack(layout.order + layout._offset, below)
        elif len(value) > width:
            offset = pack(layout.order + layout._offset, beyond + len(tail))
            tail += _even(value)
            value = offset
        head += pack(layout._entry, entry.tag, kind, count) + value.ljust(width, b"\0")
    return head + bytes(width) + tail


def _even(data: bytes) -> bytes:
    return data + bytes(len(data) % 2)
