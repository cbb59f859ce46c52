"""Records for tests, and files that they are of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from restore import record
from restore.files import companion, record_path, sample_path, sha256_of
from restore.record import Record

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
