"""What records beside files say of them: whose they are, and whether they are whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from records import DATA, DIGEST, example, finished, write_record

from restore import record
from restore.files import companion, record_path, sample_path, sha256_of
from restore.record import Unreadable


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
