"""Records: as the schema says, there and back, and what follows from them."""

from __future__ import annotations

import doctest
import json
import re
import threading
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

import restore
from restore import record
from restore.files import companion, record_path, sample_path, sha256_of
from restore.record import Record, Unreadable, fingerprint, label, sidecar

SCHEMA = json.loads((Path(restore.__file__).parent / "record.schema.json").read_bytes())
DIGEST = "ab" * 32
DATA = b"a result"


def example(name: str = "photo.colorized.jpg") -> Record:
    return Record(
        program=record.Program("restore", "0.1.0"),
        task="colorize",
        input=record.Input("photo.jpg", "cd" * 32, 1000, 40, 30, 8, "JPEG", 0, "photo.jpg"),
        output=record.Output(name, sha256_of(DATA), len(DATA), 40, 30, 8, "JPEG"),
        seed=42,
        samples=8,
        steps=6,
        options={"variety": 0.3, "confidence": True, "hints": ["3,4=#ff0000"], "prompt": None},
        backend="diffusion",
        weights=(record.Weights("colorizer-v1", DIGEST, 7, "research"),),
        licence="research",
        device="cpu",
        precision="fp32",
        threads=2,
        versions={"torch": "2.6"},
        timings={"network": 0.5, "read": 1.0},
        warnings=("the photo already has colour",),
        confidence=record.Confidence(8, 1.7, 0.25, 9.5),
        noise=record.Noise(
            route="network",
            kind="sensor",
            reason="the noise is 8.1 levels",
            level=(8.1, 7.4, 9.0),
            by_brightness=(record.LevelAt(24.0, 9.5), record.LevelAt(136.0, 7.5)),
            by_network=record.Removed(8.0, 6.2, 0.93, 0.1, 0.7),
            removed=None,
            sentence="93% of what was removed looks random",
        ),
        companions=(),
        source=record.Source("denoise", DIGEST, DIGEST),
        filled=record.Filled(
            *("mask.png", DIGEST, "white is filled", 128, 2, 3, 400, 0.01, None, "filled 3 places")
        ),
        replaces=None,
        digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
        created=record.timestamp(),
        fingerprint=DIGEST,
    )


def bare() -> Record:
    """Return a record in which all that may be absent is."""
    none = {"steps": None, "confidence": None, "noise": None, "source": None, "filled": None}
    empty = {"weights": (), "warnings": (), "options": {}, "licence": ""}
    return replace(example(), **none, **empty)


def write_record(output: Path, one: Record) -> None:
    record_path(output).write_bytes(record.to_json(one))


def finished(folder: Path, name: str = "photo.colorized.jpg") -> Path:
    """Write an output, its samples and its map, and their record."""
    output = folder / name
    companions = []
    for kind, path in (
        ("sample", sample_path(output, 0)),
        ("confidence", companion(output, "confidence")),
    ):
        path.write_bytes(kind.encode())
        companions.append(record.Companion(kind, path.name, sha256_of(path)))
    output.write_bytes(DATA)
    write_record(output, replace(example(name), companions=tuple(companions)))
    return output


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


def test_a_record_is_read_from_beside_its_output(tmp_path: Path) -> None:
    output = tmp_path / "photo.colorized.jpg"
    assert record.read_record(output) is None
    one = example()
    write_record(output, one)
    assert record.read_record(output) == one


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"3", b'{"title": "IMG_1.jpg"}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_record_is_neither_one_nor_nothing(tmp_path: Path, text: bytes) -> None:
    output = tmp_path / "IMG_1.jpg"
    record_path(output).write_bytes(text)
    found = record.read_record(output)
    assert isinstance(found, Unreadable)
    assert found.reason
    assert not found
    assert not record.is_ours(output)
    assert not record.is_whole(output, ())


def test_what_a_record_names_is_ours(tmp_path: Path) -> None:
    output = finished(tmp_path)
    assert record.is_ours(output)
    assert record.is_ours(sample_path(output, 0))
    assert record.is_ours(companion(output, "confidence"))


@pytest.mark.parametrize(
    "name",
    ["photo.jpg", "photo.colorized.s1.jpg", "photo.colorized.png", "photo", ".jpg", "s0.jpg"],
)
def test_what_no_record_names_is_not(tmp_path: Path, name: str) -> None:
    finished(tmp_path)
    assert not record.is_ours(tmp_path / name)


def test_the_outputs_of_later_versions_are_ours_too(tmp_path: Path) -> None:
    output = tmp_path / "photo.colorized.jpg"
    table = json.loads(record.to_json(example()))
    record_path(output).write_text(json.dumps({**table, "schema": "restore-record/9", "more": 1}))
    assert record.is_ours(output)
    assert isinstance(record.read_record(output), Unreadable)


def test_a_record_of_another_file_makes_no_file_ours(tmp_path: Path) -> None:
    output = finished(tmp_path)
    renamed = tmp_path / "mine.jpg"
    record_path(output).rename(record_path(renamed))
    assert not record.is_ours(renamed)


def test_a_finished_output_is_whole(tmp_path: Path) -> None:
    output = finished(tmp_path)
    assert record.is_whole(output, ())
    assert record.is_whole(output, [companion(output, "confidence")])


def test_an_output_without_what_is_wanted_beside_it_is_not_whole(tmp_path: Path) -> None:
    output = finished(tmp_path)
    other = companion(output, "removed")
    other.write_bytes(companion(output, "confidence").read_bytes())
    assert not record.is_whole(output, [other])


@pytest.mark.parametrize("victim", ["output", "companion"])
@pytest.mark.parametrize("harm", ["absent", "truncated", "altered"])
def test_a_harmed_output_is_not_whole(tmp_path: Path, victim: str, harm: str) -> None:
    output = finished(tmp_path)
    beside = companion(output, "confidence")
    path = output if victim == "output" else beside
    data = path.read_bytes()
    path.unlink()
    if harm != "absent":
        path.write_bytes(data[:-1] if harm == "truncated" else b"x" + data[1:])
    assert not record.is_whole(output, [beside])
    assert record.is_whole(output, ()) == (victim == "companion")


def test_an_output_that_is_an_input_links_to_its_step(tmp_path: Path) -> None:
    output = finished(tmp_path)
    assert record.source_of(output, sha256_of(output)) == record.Source(
        "colorize", DIGEST, "cd" * 32
    )
    assert record.source_of(output, "cd" * 32) is None, "edited since: another picture"
    assert record.source_of(tmp_path / "photo.jpg", DIGEST) is None


def test_the_hashes_of_what_runs_wrote_are_known_by_name(tmp_path: Path) -> None:
    output = finished(tmp_path)
    sample, map_ = sample_path(output, 0), companion(output, "confidence")
    one = record.read_record(output)
    assert one
    older = record.Companion("sample", sample.name, "cd" * 32)
    write_record(output, replace(one, replaces=DIGEST, left=(older,)))
    assert record.digests(output, output) == {sha256_of(DATA), DIGEST}
    assert record.digests(output, sample) == {sha256_of(sample), "cd" * 32}
    assert record.digests(output, map_) == {sha256_of(map_)}
    assert record.digests(output, sample_path(output, 1)) == set()
    renamed = tmp_path / "mine.jpg"
    record_path(output).rename(record_path(renamed))
    assert record.digests(output, output) == record.digests(renamed, renamed) == set()


def test_what_earlier_runs_left_is_named_once_as_it_is(tmp_path: Path) -> None:
    output = finished(tmp_path)
    sample, map_ = sample_path(output, 0), companion(output, "confidence")
    one = record.read_record(output)
    assert one
    assert record.left_beside(output) == one.companions
    # Killed before the new sample was renamed to its place: the older one is there.
    newer = record.Companion("sample", sample.name, "cd" * 32)
    write_record(output, replace(one, companions=(newer,), left=one.companions))
    assert set(record.left_beside(output)) == set(one.companions)
    assert record.is_ours(map_)
    sample.write_bytes(b"retouched")
    assert {left.name for left in record.left_beside(output)} == {sample.name, map_.name}
    map_.unlink()
    assert [left.name for left in record.left_beside(output)] == [sample.name]
    assert record.left_beside(tmp_path / "other.jpg") == ()


def test_records_of_before_there_was_left_are_read(tmp_path: Path) -> None:
    one = example()
    table = json.loads(record.to_json(one))
    del table["left"]
    jsonschema.validate(table, SCHEMA)
    assert record.from_json(json.dumps(table)) == one


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_run_log_tells_as_it_goes(tmp_path: Path) -> None:
    with record.RunLog(tmp_path, {"task": "colorize", "seed": 42}) as log:
        assert re.fullmatch(r"restore-run-\d{8}T\d{6}Z-\d+\.jsonl", log.path.name)
        (start,) = lines_of(log.path)
        assert start["schema"] == "restore-run/1"
        assert start["settings"] == {"task": "colorize", "seed": 42}
        log.add({"status": "done", "input": "a-\udce9.jpg"})
        assert lines_of(log.path)[1] == {
            "event": "photo",
            "status": "done",
            "input": "a-\udce9.jpg",
        }
        log.finish({"done": 1, "failed": 0})
    assert [line["event"] for line in lines_of(log.path)] == ["start", "photo", "end"]
    assert lines_of(log.path)[-1]["done"] == 1
    assert lines_of(log.path)[-1]["status"] == "finished"


def test_the_log_of_an_interrupted_run_says_so(tmp_path: Path) -> None:
    def interrupted() -> None:
        with record.RunLog(tmp_path, {}) as log:
            log.add({"status": "done"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (path,) = tmp_path.iterdir()
    assert [line["event"] for line in lines_of(path)] == ["start", "photo", "end"]
    assert lines_of(path)[-1]["status"] == "interrupted"


def test_threads_share_a_run_log(tmp_path: Path) -> None:
    def work(log: record.RunLog, n: int) -> None:
        for k in range(50):
            log.add({"photo": f"{n}-{k}", "text": "x" * 5000})

    with record.RunLog(tmp_path, {}) as log:
        threads = [threading.Thread(target=work, args=(log, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.finish({})
    photos = [line["photo"] for line in lines_of(log.path)[1:-1]]
    assert sorted(photos) == sorted(f"{n}-{k}" for n in range(4) for k in range(50))


def test_two_runs_at_once_have_two_logs(tmp_path: Path) -> None:
    with record.RunLog(tmp_path, {}) as one, record.RunLog(tmp_path, {}) as two:
        assert one.path != two.path
    assert len(list(tmp_path.glob("restore-run-*.jsonl"))) == 2


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
