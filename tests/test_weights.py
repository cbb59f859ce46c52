"""The lock: read strictly, obeyed to the byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from restore import weights
from restore.errors import ExitCode, WeightsError

DATA = b"weights"
ENTRY = {
    "file": '"tiny.safetensors"',
    "url": '"https://example.org/tiny.safetensors"',
    "bytes": str(len(DATA)),
    "sha256": f'"{hashlib.sha256(DATA).hexdigest()}"',
    "licence": '"CC0-1.0"',
    "source": '"drawn for a test"',
    "data": '"none"',
    "backend": '"diffusion"',
    "embedded": "false",
}


def write_lock(
    path: Path, changes: dict[str, str | None] | None = None, name: str = "tiny"
) -> None:
    """Write a lock of one entry, with fields changed, or left out where None."""
    entry = {**ENTRY, **(changes or {})}
    lines = [f"{key} = {value}" for key, value in entry.items() if value is not None]
    path.write_text("\n".join([f"[{name}]", *lines]), encoding="utf-8")


@pytest.fixture
def lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one entry, `tiny`, and a cache of its own."""
    path = tmp_path / "weights.lock"
    write_lock(path)
    monkeypatch.setattr(weights, "lock_path", lambda: path)
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return path


def test_an_entry_says_what_it_is(lock_file: Path) -> None:
    entry = weights.lock()["tiny"]
    assert entry.name == "tiny"
    assert entry.bytes == len(DATA)
    assert entry.licence == "CC0-1.0"
    assert not entry.embedded


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"licence": None}, "missing field licence"),
        ({"data": None, "source": None}, "missing field data, source"),
        ({"license": '"MIT"'}, "unknown field license"),
        ({"name": '"other"'}, "unknown field name"),
        ({"bytes": '"7"'}, "bytes is not of type int"),
        ({"bytes": "true"}, "bytes is not of type int"),
        ({"bytes": "0"}, "bytes is not positive"),
        ({"sha256": '"abc"'}, "sha256 is not 64"),
        ({"url": '""'}, "neither a url nor embedded"),
        ({"file": '"tiny.pth"'}, "'tiny.pth' is not the bare name of a .safetensors file"),
        ({"file": '"../tiny.safetensors"'}, "not the bare name"),
        ({"file": '"/elsewhere/tiny.safetensors"'}, "not the bare name"),
    ],
)
def test_a_bad_entry_is_refused_by_name(
    lock_file: Path, changes: dict[str, str | None], problem: str
) -> None:
    write_lock(lock_file, changes)
    with pytest.raises(WeightsError) as caught:
        weights.lock()
    assert str(lock_file) in str(caught.value)
    assert "[tiny]" in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["[tiny", "tiny = 3"])
def test_a_lock_that_is_none_is_refused(lock_file: Path, text: str) -> None:
    lock_file.write_text(text, encoding="utf-8")
    with pytest.raises(WeightsError, match=r"weights\.lock"):
        weights.lock()


def test_an_absent_lock_is_said(lock_file: Path) -> None:
    lock_file.unlink()
    with pytest.raises(WeightsError, match="cannot read") as caught:
        weights.lock()
    assert "install" in caught.value.hint


def test_an_embedded_file_lies_in_the_package(lock_file: Path) -> None:
    write_lock(lock_file, {"url": '""', "embedded": "true"})
    package = Path(weights.__file__).parent
    assert weights.locate("tiny") == package / "models" / "tiny.safetensors"


def test_the_locked_file_is_accepted(lock_file: Path) -> None:
    path = weights.locate("tiny")
    path.write_bytes(DATA)
    checked = weights.verified("tiny")
    assert checked.path == path == lock_file.parent / "cache" / "tiny.safetensors"
    assert checked.entry == weights.find("tiny")


def test_an_absent_file_is_said_with_where_it_belongs(lock_file: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        weights.verified("tiny")
    assert str(weights.locate("tiny")) in str(caught.value)
    assert "https://example.org/tiny.safetensors" in caught.value.hint
    assert "CC0-1.0" in caught.value.hint
    assert caught.value.exit_code == ExitCode.WEIGHTS


def test_a_file_of_another_length_stops(lock_file: Path) -> None:
    weights.locate("tiny").write_bytes(DATA + b"!")
    with pytest.raises(WeightsError, match="it has 8 bytes, not 7"):
        weights.verified("tiny")


def test_a_file_of_other_bytes_stops_and_stays(lock_file: Path) -> None:
    path = weights.locate("tiny")
    path.write_bytes(b"wEights")
    with pytest.raises(WeightsError) as caught:
        weights.verified("tiny")
    for digest in (hashlib.sha256(b"wEights").hexdigest(), hashlib.sha256(DATA).hexdigest()):
        assert digest in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == b"wEights"


def test_a_damaged_installation_says_so(lock_file: Path) -> None:
    write_lock(lock_file, {"url": '""', "embedded": "true", "file": '"absent.safetensors"'})
    with pytest.raises(WeightsError) as caught:
        weights.verified("tiny")
    assert "install" in caught.value.hint


def test_an_unknown_name_brings_the_known_ones(lock_file: Path) -> None:
    with pytest.raises(WeightsError, match="no weights named 'tinny'") as caught:
        weights.verified("tinny")
    assert caught.value.hint == "did you mean 'tiny'? known: tiny"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"RESTORE_CACHE": "here"}, "here"),
        ("linux", {"XDG_CACHE_HOME": "xdg"}, "xdg/restore"),
        ("linux", {}, "home/.cache/restore"),
        ("linux", {"XDG_CACHE_HOME": ""}, "home/.cache/restore"),
        ("darwin", {"XDG_CACHE_HOME": "xdg"}, "home/Library/Caches/restore"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/restore"),
        ("win32", {}, "home/AppData/Local/restore"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_one(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], expected: str
) -> None:
    for name in ("RESTORE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert weights.cache_folder() == Path(expected)
