"""Records as JSON, there and strictly back."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from .model import SCHEMA, Record


def to_json(record: Record) -> bytes:
    """Return a record as a JSON text for people and programs, in UTF-8."""
    return encoded(asdict(record), indent=2) + b"\n"


def encoded(value: object, *, indent: int | None = None) -> bytes:
    """Return a JSON text.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    # The name of a file need not be Unicode. Python's escape of what is not is also JSON's.
    return text.encode("utf-8", "backslashreplace")


def from_json(text: bytes | str) -> Record:
    """Read a record.

    Raises:
        ValueError: If it is not one, or of a version that is not known; says what is wrong.
    """
    try:
        value = json.loads(text, parse_constant=_refused)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"its schema is {schema!r}, not {SCHEMA!r}")
    record: Record = _decoded(Record, value, "record")
    return record


def _refused(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python would take and no other reader of JSON does."""
    raise ValueError(f"{constant} is no JSON value")


def _decoded(kind: Any, value: object, where: str) -> Any:
    """Return a JSON value as what a type says, or raise ValueError naming the place."""
    if isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"{where} is not an object")
        names = {field.name for field in fields(kind)}
        needed = {field.name for field in fields(kind) if field.default is MISSING}
        if odd := (value.keys() - names) | (needed - value.keys()):
            raise ValueError(f"{where} lacks, or should not have: {', '.join(sorted(odd))}")
        kinds = get_type_hints(kind)
        return kind(**{n: _decoded(kinds[n], one, f"{where}.{n}") for n, one in value.items()})
    if kind is object:
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        for one in arguments:
            try:
                return _decoded(one, value, where)
            except ValueError as error:
                reason = error
        raise reason
    if origin is tuple and isinstance(value, list):
        return tuple(_decoded(arguments[0], one, where) for one in value)
    if origin is dict and isinstance(value, dict):
        return {key: _decoded(arguments[1], one, f"{where}.{key}") for key, one in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if origin is None and type(value) is kind:
        return value
    raise ValueError(f"{where} is not of type {'null' if kind is NoneType else kind}")
