"""Records: as the schema says, there and back, and their fingerprints."""

from __future__ import annotations

import doctest
import json
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
from records import DIGEST, bare, example

import restore
from restore import record
from restore.record import Record, fingerprint, label, sidecar

SCHEMA = json.loads((Path(restore.__file__).parent / "record.schema.json").read_bytes())


@pytest.mark.parametrize("one", [example(), bare()], ids=["full", "bare"])
def test_a_record_is_as_the_schema_says_and_comes_back(one: Record) -> None:
    text = record.to_json(one)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert record.from_json(text) == one


def test_the_schema_has_the_fields_of_the_classes() -> None:
    kinds = {
        name.lower(): kind
        for name in record.__all__
        if (kind := getattr(record, name)).__class__ is type
        and hasattr(kind, "__dataclass_fields__")
    }
    del kinds["step"], kinds["unreadable"]
    for name, kind in kinds.items():
        table = SCHEMA["$defs"][name]
        names = {field.name for field in fields(kind)}
        # Fields that the first records lack.
        newer = {"record": {"left", "filled"}, "weights": {"role", "url", "note"}}.get(name, set())
        assert names == table["properties"].keys() == set(table["required"]) | newer
        assert table["additionalProperties"] is False
    assert kinds.keys() == {name for name, table in SCHEMA["$defs"].items() if "required" in table}


def damaged(change: str, value: Any) -> bytes:
    """Return the example's JSON with one value changed; `...` takes it out."""
    table = json.loads(record.to_json(example()))
    *path, last = change.split(".")
    place = table
    for step in path:
        place = place[int(step) if isinstance(place, list) else step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(table).encode()


@pytest.mark.parametrize(
    ("change", "value", "problem"),
    [
        ("seed", "42", r"record\.seed is not of type"),
        ("seed", True, r"record\.seed is not of type"),
        ("output.bytes", 1.5, r"record\.output\.bytes"),
        ("output.path", "/tmp", r"record\.output .*path"),
        ("weights.0.sha256", ..., r"record\.weights .*sha256"),
        ("confidence.samples", "8", r"record\.confidence"),
        ("timings", [], r"record\.timings"),
        ("schema", "restore-record/2", "its schema is 'restore-record/2'"),
    ],
)
def test_what_the_schema_forbids_is_not_read(change: str, value: Any, problem: str) -> None:
    text = damaged(change, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text), SCHEMA)
    with pytest.raises(ValueError, match=problem):
        record.from_json(text)


@pytest.mark.parametrize("name", ["fête 写真.jpg", "latin1-\udce9.jpg", 'a"b\\c.jpg'])
def test_any_file_name_can_be_recorded(name: str) -> None:
    text = record.to_json(example(name))
    assert record.from_json(text).output.name == name
    assert json.loads(text.decode("utf-8"))["output"]["name"] == name


def test_a_number_that_is_none_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        record.to_json(replace(example(), timings={"network": float("nan")}))


ASKED: dict[str, Any] = {
    "input_sha256": "cd" * 32,
    "task": "colorize",
    "options": {"seed": 42, "variety": 0.3, "hints": ["1,2=#ff0000"]},
    "weights": [DIGEST],
    "version": "0.1.0",
}


def test_a_fingerprint_never_changes() -> None:
    expected = "8e4289d0c7e2e1554008a06056916c9a8a6e6f3b4c65966bacf5345a497babc7"
    assert fingerprint(**ASKED) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"input_sha256": DIGEST},
        {"task": "denoise"},
        {"options": {**ASKED["options"], "seed": 43}},
        {"options": {**ASKED["options"], "variety": 0.31}},
        {"options": {**ASKED["options"], "hints": []}},
        {"options": {**ASKED["options"], "device": "cuda"}},
        {"weights": []},
        {"weights": [DIGEST, "cd" * 32]},
        {"version": "0.1.1"},
    ],
)
def test_whatever_changes_the_result_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(**{**ASKED, **change}) != fingerprint(**ASKED)


def test_order_does_not_change_the_fingerprint() -> None:
    turned = dict(reversed(ASKED["options"].items()))
    two = [DIGEST, "cd" * 32]
    assert fingerprint(**{**ASKED, "options": turned}) == fingerprint(**ASKED)
    assert fingerprint(**{**ASKED, "weights": two}) == fingerprint(
        **{**ASKED, "weights": two[::-1]}
    )


def test_records_of_before_there_was_left_are_read(tmp_path: Path) -> None:
    one = example()
    table = json.loads(record.to_json(one))
    del table["left"]
    jsonschema.validate(table, SCHEMA)
    assert record.from_json(json.dumps(table)) == one


@pytest.mark.parametrize("module", [label, sidecar])
def test_examples(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted >= 1
    assert outcome.failed == 0


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_json_is_no_record(constant: str) -> None:
    text = record.to_json(example()).decode().replace("9.5", constant)
    with pytest.raises(ValueError, match=f"{constant} is no JSON value"):
        record.from_json(text)


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe1" + bytes(99),
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffiTXtXML:com.adobe.xmp\0",
        b"RIFF0000WEBP" + bytes(99),
        b"II*\0" + b"\xff" * 99,
        b"II+\0\x08\0\0\0" + b"\xff" * 99,
        b"MM\0*",
        b"",
    ],
)
def test_no_damage_is_taken_for_our_mark_or_for_a_failure(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "damaged.jpg"
    path.write_bytes(head)
    assert not record.is_marked(path)
    assert not record.is_marked(tmp_path / "gone.jpg")
