"""Finding photos, naming outputs, and files that appear whole."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import touch

from restore import files
from restore.errors import InputError
from restore.files import Found


def find(
    *paths: Path,
    recursive: bool = False,
    ours: tuple[Path, ...] = (),
    marked: tuple[Path, ...] = (),
) -> files.Finds:
    return files.find_photos(
        paths,
        recursive=recursive,
        ignore=lambda path: path in ours,
        marked=lambda path: path in marked,
    )


def names(finds: files.Finds, root: Path) -> list[str]:
    return [found.path.relative_to(root).as_posix() for found in finds.photos]


def test_a_folder_gives_its_own_level(shelf: Path) -> None:
    finds = find(shelf)
    assert names(finds, shelf) == ["a.png", "b.JPG"]
    assert finds.skipped == 1
    assert not finds.problems


def test_recursive_gives_the_tree_but_nothing_hidden(shelf: Path) -> None:
    finds = find(shelf, recursive=True)
    assert names(finds, shelf) == ["a.png", "b.JPG", "sub/a.png", "sub/ä ö.tif"]
    assert {found.root for found in finds.photos} == {shelf}
    assert finds.skipped == 1


def test_ours_are_left_out_of_folders_but_not_when_named(shelf: Path) -> None:
    ours = shelf / "a.png"
    assert names(find(shelf, ours=(ours,)), shelf) == ["b.JPG"]
    assert names(find(ours, ours=(ours,)), shelf) == ["a.png"]


def test_marked_files_are_left_out_of_folders_and_patterns_but_not_when_named(
    shelf: Path,
) -> None:
    marked = shelf / "a.png"
    for asked in (shelf, shelf / "*.[pJ]*"):
        finds = find(asked, marked=(marked,))
        assert names(finds, shelf) == ["b.JPG"]
        assert finds.unrecorded == [marked]
    named = find(marked, shelf / "b.JPG", marked=(marked,))
    assert names(named, shelf) == ["a.png", "b.JPG"]
    assert not named.unrecorded


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_may_never_end_is_refused_when_named_and_not_seen_in_folders(shelf: Path) -> None:
    os.mkfifo(shelf / "pipe.jpg")
    finds = find(shelf / "pipe.jpg", Path("/dev/zero"), shelf)
    assert names(finds, shelf) == ["a.png", "b.JPG"]
    said = {path.name: str(error) for path, error in finds.problems}
    assert said == {
        "pipe.jpg": "this is a named pipe, not a file",
        "zero": "this is a device or socket, not a file",
    }
    assert all("standard input" in error.hint for _, error in finds.problems)


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="this system has no /dev/fd")
def test_a_pipe_that_is_open_already_is_taken() -> None:
    reader, writer = os.pipe()
    try:
        path = Path(f"/dev/fd/{reader}")
        assert find(path).photos == [Found(path, path.parent)]
    finally:
        os.close(reader)
        os.close(writer)


def test_a_named_file_is_taken_whatever_its_suffix(shelf: Path) -> None:
    assert find(shelf / "notes.txt").photos == [Found(shelf / "notes.txt", shelf)]


def test_patterns_that_no_shell_expanded(shelf: Path) -> None:
    finds = find(shelf / "*.[pJ]*")
    assert names(finds, shelf) == ["a.png", "b.JPG"]
    deep = find(shelf / "**" / "*.tif")
    assert names(deep, shelf) == ["sub/ä ö.tif"]
    assert deep.photos[0].root == shelf


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path / "photo[1].jpg")
    assert names(find(tmp_path / "photo[1].jpg"), tmp_path) == ["photo[1].jpg"]


def test_each_photo_once(shelf: Path) -> None:
    finds = find(shelf, shelf / "a.png", shelf / "sub" / ".." / "a.png")
    assert names(finds, shelf) == ["a.png", "b.JPG"]


def test_what_is_missing_is_a_problem_and_the_others_are_found(shelf: Path) -> None:
    finds = find(shelf / "gone.jpg", shelf / "gone*.jpg", shelf / "a.png")
    assert names(finds, shelf) == ["a.png"]
    assert [path.name for path, _ in finds.problems] == ["gone.jpg", "gone*.jpg"]
    assert all(isinstance(error, InputError) and error.hint for _, error in finds.problems)


def test_an_unreadable_folder_is_a_problem(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def denied(path: str | Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    finds = find(shelf, recursive=True)
    assert names(finds, shelf) == ["a.png", "b.JPG"]
    assert [(path.name, str(error)) for path, error in finds.problems] == [
        ("sub", "cannot be read: permission denied")
    ]


def test_links_to_files_are_followed_links_to_folders_are_not(shelf: Path, tmp_path: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "loop").symlink_to(shelf, target_is_directory=True)
    (folder / "link.png").symlink_to(shelf / "a.png")
    (folder / "broken.png").symlink_to(shelf / "gone.png")
    assert names(find(folder, recursive=True), folder) == ["link.png"]


def test_file_lists() -> None:
    lines = io.BytesIO("a.jpg\r\n\nä b.jpg\n".encode())
    assert files.read_file_list(lines, null=False) == [Path("a.jpg"), Path("ä b.jpg")]
    nulls = io.BytesIO(b"a\nb.jpg\0\xff.jpg\0")
    assert files.read_file_list(nulls, null=True) == [
        Path("a\nb.jpg"),
        Path(os.fsdecode(b"\xff.jpg")),
    ]
    with pytest.raises(InputError) as caught:
        files.read_file_list(io.BytesIO(b"a.jpg\0b.jpg\0"), null=False)
    assert "-0" in caught.value.hint


def test_files_is_light() -> None:
    code = "import restore.files, sys; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
