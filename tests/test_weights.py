"""The lock: read strictly, obeyed to the byte."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

import restore
from restore import weights
from restore.errors import ExitCode, WeightsError
from restore.nets.resshift.published import PUBLISHED as PUBLISHED_NETS
from restore.weights import Locked, places

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
    monkeypatch.setattr(places, "lock_path", lambda: path)
    monkeypatch.setenv("RESTORE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return path


def place() -> Path:
    return weights.find("tiny").files["net"].path


def test_an_entry_says_what_it_is(lock_file: Path) -> None:
    entry = weights.lock()["tiny"]
    assert entry.name == "tiny"
    assert entry.files["net"].bytes == len(DATA)
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
        ({"bytes": "0"}, "bytes or megabytes is not positive"),
        ({"sha256": '"abc"'}, "sha256 is not 64"),
        ({"url": '""'}, "neither a url nor embedded"),
        ({"sha256": '""'}, "'tiny.safetensors' is not a .safetensors file, or has no sha256"),
        ({"file": '"tiny.pth"'}, "'tiny.pth' is not a .safetensors file"),
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


PUBLISHED = {
    "model": {
        "files": '{ net = "net.pth", vq = "vq.pth" }',
        "licence": '"free for a test"',
        "licence_url": '"https://example.org/licence"',
        "source": '"drawn for a test"',
        "data": '"none"',
        "backend": '"resshift"',
        "tasks": '["inpaint"]',
    },
    '"net.pth"': {"url": '"https://example.org/net.pth"', "megabytes": "478"},
    '"vq.pth"': {
        "url": '"https://example.org/vq.pth"',
        "megabytes": "221",
        "sha256": f'"{hashlib.sha256(DATA).hexdigest()}"',
        "listed_by": '"a copy"',
    },
}


def write_published(path: Path, changed: str = "model", **changes: str) -> None:
    """Write a lock of one model of two published files, with fields of one table changed."""
    tables = {**PUBLISHED, changed: {**PUBLISHED[changed], **changes}}
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in table.items())]
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("tasks", "problem"), [("[1]", "tasks are names"), ('"inpaint"', "type list")]
)
def test_what_a_model_is_for_is_a_list_of_names(lock_file: Path, tasks: str, problem: str) -> None:
    text = lock_file.read_text(encoding="utf-8")
    lock_file.write_text(f'{text}\ntasks = ["inpaint"]\n', encoding="utf-8")
    (entry,) = weights.lock().values()
    assert entry.tasks == ("inpaint",)
    lock_file.write_text(f"{text}\ntasks = {tasks}\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=problem):
        weights.lock()


def test_a_model_may_be_made_of_published_files(lock_file: Path) -> None:
    write_published(lock_file)
    (entry,) = weights.lock().values()
    assert entry.tasks == ("inpaint",)
    assert list(entry.files) == ["net", "vq"]
    assert entry.files["net"].path == lock_file.parent / "cache" / "net.safetensors"
    assert weights.known(entry.files["net"]) == "hash observed, not published"
    assert weights.known(entry.files["vq"]) == "hash as a copy's listing gives it, not published"


@pytest.mark.parametrize(
    ("table", "changes", "problem"),
    [
        ("model", {"files": '{ net = "other.pth" }'}, "[model] files: the lock has none named"),
        ("model", {"files": "{ net = [1] }"}, "[model] files: the lock has none named [1]"),
        ("model", {"files": "{}"}, "[model] it needs files, and names of tasks"),
        ("model", {"tasks": "[]"}, "[model] it needs files, and names of tasks"),
        ("model", {"tasks": "[1]"}, "[model] it needs files, and names of tasks"),
        ("model", {"scales": '["4"]'}, "[model] scales are whole numbers"),
        ("model", {"scales": "4"}, "[model] scales is not of type list"),
        ("model", {"files": '"net.pth"'}, "[model] files is not of type dict"),
        ("model", {"bytes": "1"}, "[model] unknown field bytes"),
        ('"net.pth"', {"url": '""'}, "[net.pth] neither a url nor embedded"),
        ('"net.pth"', {"megabytes": "0"}, "[net.pth] bytes or megabytes is not positive"),
        ('"net.pth"', {"sha256": '"abc"'}, "[net.pth] sha256 is not 64"),
        ('"net.pth"', {"listed_by": '"a copy"'}, "[net.pth] listed_by belongs to a sha256"),
        ('"net.pth"', {"embedded": "true"}, "[net.pth] unknown field embedded"),
    ],
)
def test_a_bad_published_entry_is_refused_by_name(
    lock_file: Path, table: str, changes: dict[str, str], problem: str
) -> None:
    write_published(lock_file, table, **changes)
    with pytest.raises(WeightsError) as caught:
        weights.lock()
    assert problem in str(caught.value)


def published() -> dict[str, Locked]:
    return {name: one for name, one in weights.lock().items() if one.backend == "resshift"}


def test_the_seven_models_of_resshift_are_locked() -> None:
    models = {name: one for name, one in published().items() if not one.embedded}
    assert {name: one.tasks for name, one in models.items()} == {
        "resshift-bicubic": ("upscale",),
        "resshift-face": ("denoise",),
        "resshift-inpaint-face": ("inpaint",),
        "resshift-inpaint-imagenet": ("inpaint",),
        "resshift-realsr-v1": ("upscale",),
        "resshift-realsr-v2": ("upscale",),
        "resshift-realsr-v3": ("upscale",),
    }
    for one in models.values():
        assert list(one.files) == ["net", "vq"]
        assert "non-commercial" in one.licence
        assert one.licence_url.startswith("https://")
        for file in one.files.values():
            assert file.url.endswith(f"/releases/download/v2.0/{file.name}")


def test_the_models_that_enlarge_are_locked_at_the_scale_that_they_have() -> None:
    scales = {name: one.scales for name, one in published().items() if one.tasks == ("upscale",)}
    assert scales == {name: (PUBLISHED_NETS[name].scale,) for name in scales}
    assert not [name for name, one in published().items() if one.scales and name not in scales]


def test_hashes_that_only_a_copy_lists_are_not_called_published() -> None:
    files = {file.name: file for one in published().values() for file in one.files.values()}
    listed = {name for name, file in files.items() if file.listed_by}
    assert listed == {name for name, file in files.items() if file.sha256 and file.is_pickle}
    assert listed == {"autoencoder_vq_f4.pth", "resshift_realsrx4_s4_v3.pth"}


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
    package = Path(restore.__file__).parent
    assert place() == package / "models" / "tiny.safetensors"


def test_the_locked_file_is_accepted(lock_file: Path) -> None:
    path = place()
    path.write_bytes(DATA)
    checked = weights.verified("tiny")
    assert checked.path == path == lock_file.parent / "cache" / "tiny.safetensors"
    assert checked.entry == weights.find("tiny")


def test_an_absent_file_is_said_with_where_it_belongs(lock_file: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        weights.verified("tiny")
    assert str(place()) in str(caught.value)
    assert "https://example.org/tiny.safetensors" in caught.value.hint
    assert "CC0-1.0" in caught.value.hint
    assert caught.value.exit_code == ExitCode.WEIGHTS


def test_a_file_of_another_length_stops(lock_file: Path) -> None:
    place().write_bytes(DATA + b"!")
    with pytest.raises(WeightsError, match="it has 8 bytes, not 7"):
        weights.verified("tiny")


def test_a_file_of_other_bytes_stops_and_stays(lock_file: Path) -> None:
    path = place()
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


def test_weights_that_cannot_be_read(lock_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place().write_bytes(DATA)
    whole = Path.open

    def denied(path: Path, *mode: Any, **options: Any) -> Any:  # chmod does not bind root
        if path.name == "tiny.safetensors":
            raise PermissionError(13, "Permission denied")
        return whole(path, *mode, **options)

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(WeightsError) as caught:
        weights.verified("tiny")
    assert str(caught.value) == f"{place()} cannot be read: permission denied"
    assert caught.value.hint
