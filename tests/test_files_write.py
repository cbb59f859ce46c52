"""Files that appear whole or not at all, and what is left of those that did not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from restore import files
from restore.errors import OutputError, reason_of


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 100 + ".jpg")
    with files.together() as write:
        write(path, b"new")
        assert not path.exists()
        assert [p.name[0] for p in tmp_path.iterdir()] == ["."]
    assert path.read_bytes() == b"new"
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with files.together() as write:
            write(path, b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]
    assert path.read_bytes() == b"old"


def test_files_appear_in_reverse_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = []

    def rename(path: Path, target: Path) -> None:
        renamed.append(target.name)
        os.replace(path, target)  # noqa: PTH105 - the method is what is replaced

    monkeypatch.setattr(Path, "replace", rename)
    with files.together() as write:
        for name in ("picture", "map", "record"):
            write(tmp_path / name, name.encode())
    assert renamed == ["record", "map", "picture"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map", "picture", "record"]


@pytest.mark.parametrize("links", [True, False])
def test_if_one_file_cannot_appear_all_others_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "old").write_bytes(b"before")
    (tmp_path / "folder").mkdir()

    def put_all() -> None:
        with files.together() as write:
            for name in ("folder", "old", "new"):
                write(tmp_path / name, b"after")

    with pytest.raises(OutputError, match=r"cannot write .*folder"):
        put_all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "old"]
    assert (tmp_path / "old").read_bytes() == b"before"


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(OutputError, match="no space left") as caught,
        files.together() as write,
    ):
        write(tmp_path / "a.jpg", b"new")
    assert "free some space" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no such file") as caught,
        files.together() as write,
    ):
        write(tmp_path / "gone" / "a.jpg", b"new")
    assert "folder" in caught.value.hint


def test_folders_are_made_unless_a_file_is_in_the_way(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    files.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    touch(tmp_path / "file")
    with pytest.raises(OutputError):
        files.make_folder(tmp_path / "file" / "b")


def test_threads_may_write_one_path(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"

    def write(k: int) -> None:
        with files.together() as put:
            put(path, bytes([k]) * 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(32)))
    data = path.read_bytes()
    assert len(data) == 1000
    assert len(set(data)) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from restore.files import together\n"
        "with together() as write:\n"
        "    write(pathlib.Path(sys.argv[1]), b'new'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jpg")], check=False)
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".part"
    machine = left.name.split(".")[-4]
    other = "00000000" if machine != "00000000" else "00000001"
    theirs = tmp_path / left.name.replace(f".{machine}.", f".{other}.")
    touch(theirs, tmp_path / ".download.part", tmp_path / "b.part")
    with files.together() as write:
        write(tmp_path / "c.jpg", b"new")
        files.remove_leftovers(tmp_path)
    kept = sorted([theirs.name, ".download.part", "b.part", "c.jpg"])
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    files.remove_leftovers(tmp_path / "gone")


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert files.sha256_of(tmp_path / "a") == files.sha256_of(b"abc") == expected
    with pytest.raises(FileNotFoundError):
        files.sha256_of(tmp_path / "gone")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied", "a.jpg"), "permission denied"),
        (OSError("Cannot seek"), "cannot seek"),  # as some libraries raise it
    ],
)
def test_the_systems_reason_is_part_of_a_sentence(error: OSError, reason: str) -> None:
    assert reason_of(error) == reason
