"""Finding photos, naming outputs, and files that appear whole."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from restore import files
from restore.errors import InputError, OutputError
from restore.files import Found


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    touch(
        *(tmp_path / name for name in ("b.JPG", "a.png", "notes.txt", ".hidden.jpg")),
        *(tmp_path / "sub" / name for name in ("ä ö.tif", "a.png", "x.webp.json")),
        tmp_path / ".thumbnails" / "a.jpg",
    )
    return tmp_path


def test_a_folder_gives_its_own_level(tree: Path) -> None:
    finds = find(tree)
    assert names(finds, tree) == ["a.png", "b.JPG"]
    assert finds.skipped == 1
    assert not finds.problems


def test_recursive_gives_the_tree_but_nothing_hidden(tree: Path) -> None:
    finds = find(tree, recursive=True)
    assert names(finds, tree) == ["a.png", "b.JPG", "sub/a.png", "sub/ä ö.tif"]
    assert {found.root for found in finds.photos} == {tree}
    assert finds.skipped == 1


def test_ours_are_left_out_of_folders_but_not_when_named(tree: Path) -> None:
    ours = tree / "a.png"
    assert names(find(tree, ours=(ours,)), tree) == ["b.JPG"]
    assert names(find(ours, ours=(ours,)), tree) == ["a.png"]


def test_marked_files_are_left_out_of_folders_and_patterns_but_not_when_named(tree: Path) -> None:
    marked = tree / "a.png"
    for asked in (tree, tree / "*.[pJ]*"):
        finds = find(asked, marked=(marked,))
        assert names(finds, tree) == ["b.JPG"]
        assert finds.unrecorded == [marked]
    named = find(marked, tree / "b.JPG", marked=(marked,))
    assert names(named, tree) == ["a.png", "b.JPG"]
    assert not named.unrecorded


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_may_never_end_is_refused_when_named_and_not_seen_in_folders(tree: Path) -> None:
    os.mkfifo(tree / "pipe.jpg")
    finds = find(tree / "pipe.jpg", Path("/dev/zero"), tree)
    assert names(finds, tree) == ["a.png", "b.JPG"]
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


def test_a_named_file_is_taken_whatever_its_suffix(tree: Path) -> None:
    assert find(tree / "notes.txt").photos == [Found(tree / "notes.txt", tree)]


def test_patterns_that_no_shell_expanded(tree: Path) -> None:
    finds = find(tree / "*.[pJ]*")
    assert names(finds, tree) == ["a.png", "b.JPG"]
    deep = find(tree / "**" / "*.tif")
    assert names(deep, tree) == ["sub/ä ö.tif"]
    assert deep.photos[0].root == tree


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path / "photo[1].jpg")
    assert names(find(tmp_path / "photo[1].jpg"), tmp_path) == ["photo[1].jpg"]


def test_each_photo_once(tree: Path) -> None:
    finds = find(tree, tree / "a.png", tree / "sub" / ".." / "a.png")
    assert names(finds, tree) == ["a.png", "b.JPG"]


def test_what_is_missing_is_a_problem_and_the_others_are_found(tree: Path) -> None:
    finds = find(tree / "gone.jpg", tree / "gone*.jpg", tree / "a.png")
    assert names(finds, tree) == ["a.png"]
    assert [path.name for path, _ in finds.problems] == ["gone.jpg", "gone*.jpg"]
    assert all(isinstance(error, InputError) and error.hint for _, error in finds.problems)


def test_an_unreadable_folder_is_a_problem(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def denied(path: str | Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    finds = find(tree, recursive=True)
    assert names(finds, tree) == ["a.png", "b.JPG"]
    assert [(path.name, str(error)) for path, error in finds.problems] == [
        ("sub", "cannot be read: permission denied")
    ]


def test_links_to_files_are_followed_links_to_folders_are_not(tree: Path, tmp_path: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "loop").symlink_to(tree, target_is_directory=True)
    (folder / "link.png").symlink_to(tree / "a.png")
    (folder / "broken.png").symlink_to(tree / "gone.png")
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


def plan(
    *paths: Path, root: Path | None = None, file: Path | None = None, folder: Path | None = None
) -> list[Path | OutputError]:
    photos = [Found(path, root or path.parent) for path in paths]
    targets = files.plan_outputs(photos, word="colorized", file=file, folder=folder)
    assert [target.photo for target in targets] == photos
    return [target.output for target in targets]


def test_outputs_lie_beside_their_photos(tree: Path) -> None:
    assert plan(tree / "b.JPG", tree / "sub" / "ä ö.tif") == [
        tree / "b.colorized.JPG",
        tree / "sub" / "ä ö.colorized.tif",
    ]


def test_a_photo_without_a_suffix_that_we_write_becomes_png(tree: Path) -> None:
    assert plan(tree / "notes.txt") == [tree / "notes.colorized.png"]


@pytest.mark.parametrize(
    ("name", "head", "output"),
    [
        ("a.jpg", b"\x89PNG\r\n\x1a\n", "a.colorized.png"),
        ("a.png", b"\xff\xd8\xff\xe0", "a.colorized.jpg"),
        ("a.tiff", b"RIFF0000WEBP", "a.colorized.webp"),
        ("scan", b"II*\0", "scan.colorized.tif"),
        ("a.JPEG", b"\xff\xd8\xff\xe0", "a.colorized.JPEG"),
        ("a.TIF", b"something else", "a.colorized.TIF"),
    ],
)
def test_an_output_is_named_for_what_the_photo_is(
    tmp_path: Path, name: str, head: bytes, output: str
) -> None:
    (tmp_path / name).write_bytes(head)
    assert plan(tmp_path / name) == [tmp_path / output]


def test_a_folder_mirrors_the_tree(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert plan(tree / "a.png", tree / "sub" / "a.png", root=tree, folder=out) == [
        out / "a.colorized.png",
        out / "sub" / "a.colorized.png",
    ]


def test_the_same_name_from_two_folders_collides_and_the_others_are_done(tree: Path) -> None:
    first, second, other = plan(
        tree / "a.png", tree / "sub" / "a.png", tree / "b.JPG", folder=tree / "out"
    )
    assert isinstance(first, OutputError)
    assert str(tree / "sub" / "a.png") in str(first)
    assert isinstance(second, OutputError)
    assert other == tree / "out" / "b.colorized.JPG"


def test_names_that_differ_in_case_alone_collide(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "A.JPG")
    results = plan(tmp_path / "a.jpg", tmp_path / "A.JPG")
    assert all(isinstance(result, OutputError) for result in results)


def test_the_same_stem_in_two_formats_does_not_collide(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.png")
    assert plan(tmp_path / "a.jpg", tmp_path / "a.png") == [
        tmp_path / "a.colorized.jpg",
        tmp_path / "a.colorized.png",
    ]


def test_an_output_is_never_an_input(tree: Path) -> None:
    (tree / "link.png").symlink_to(tree / "a.png")
    (tree / "hard.png").hardlink_to(tree / "a.png")
    for name in ("a.png", "A.PNG", "link.png", "hard.png", "sub/../a.png"):
        (result,) = plan(tree / "a.png", file=tree / name)
        assert isinstance(result, OutputError), name
        assert "photo to restore" in str(result)


@pytest.mark.parametrize("name", ["out.bmp", "sub", "a.png/out.png"])
def test_outputs_that_cannot_be_are_refused_in_the_plan(tree: Path, name: str) -> None:
    (result,) = plan(tree / "b.JPG", file=tree / name)
    assert isinstance(result, OutputError)
    assert result.hint


@pytest.mark.parametrize("name", ["", ".json", ".confidence.png"])
def test_a_folder_in_the_place_of_an_output_is_called_one(tree: Path, name: str) -> None:
    folder = tree / f"b.colorized.JPG{name}"
    folder.mkdir()
    (found,) = files.find_photos(
        [tree / "b.JPG"], recursive=False, ignore=lambda _: False, marked=lambda _: False
    ).photos
    (target,) = files.plan_outputs([found], word="colorized", maps=["confidence"])
    assert isinstance(target.output, OutputError)
    assert str(target.output) == f"{folder} is a folder"
    assert "rename that folder" in target.output.hint


def test_a_device_is_not_replaced() -> None:
    (result,) = plan(Path("a.png"), file=Path(os.devnull))
    assert isinstance(result, OutputError)


def test_when_an_output_is_a_folder(tree: Path) -> None:
    photo = tree / "a.png"
    assert files.is_folder(str(tree), [photo])
    assert files.is_folder("new/", [photo])
    assert files.is_folder("new", [photo, tree / "b.JPG"])
    assert files.is_folder("new", [tree])
    assert files.is_folder("new", [tree / "*.png"])
    assert not files.is_folder("new.png", [photo])
    assert not files.is_folder("new.png", [Path("-")])


def test_companions() -> None:
    output = Path("out/photo.colorized.jpg")
    assert files.record_path(output) == Path("out/photo.colorized.jpg.json")
    assert files.companion(output, "confidence") == Path("out/photo.colorized.jpg.confidence.png")
    assert files.sample_path(output, 0) == Path("out/photo.colorized.s0.jpg")


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
    with pytest.raises(InputError):
        files.sha256_of(tmp_path / "gone")


def test_files_is_light() -> None:
    code = "import restore.files, sys; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"
