"""Where outputs go: planned from what was found, refused before anything is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import touch

from restore import files
from restore.errors import OutputError
from restore.files import Found


def plan(
    *paths: Path, root: Path | None = None, file: Path | None = None, folder: Path | None = None
) -> list[Path | OutputError]:
    photos = [Found(path, root or path.parent) for path in paths]
    targets = files.plan_outputs(photos, word="colorized", file=file, folder=folder)
    assert [target.photo for target in targets] == photos
    return [target.output for target in targets]


def test_outputs_lie_beside_their_photos(shelf: Path) -> None:
    assert plan(shelf / "b.JPG", shelf / "sub" / "ä ö.tif") == [
        shelf / "b.colorized.JPG",
        shelf / "sub" / "ä ö.colorized.tif",
    ]


def test_a_photo_without_a_suffix_that_we_write_becomes_png(shelf: Path) -> None:
    assert plan(shelf / "notes.txt") == [shelf / "notes.colorized.png"]


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


def test_a_folder_mirrors_the_tree(shelf: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert plan(shelf / "a.png", shelf / "sub" / "a.png", root=shelf, folder=out) == [
        out / "a.colorized.png",
        out / "sub" / "a.colorized.png",
    ]


def test_the_same_name_from_two_folders_collides_and_the_others_are_done(shelf: Path) -> None:
    first, second, other = plan(
        shelf / "a.png",
        shelf / "sub" / "a.png",
        shelf / "b.JPG",
        folder=shelf / "out",
    )
    assert isinstance(first, OutputError)
    assert str(shelf / "sub" / "a.png") in str(first)
    assert isinstance(second, OutputError)
    assert other == shelf / "out" / "b.colorized.JPG"


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


def test_an_output_is_never_an_input(shelf: Path) -> None:
    (shelf / "link.png").symlink_to(shelf / "a.png")
    (shelf / "hard.png").hardlink_to(shelf / "a.png")
    for name in ("a.png", "A.PNG", "link.png", "hard.png", "sub/../a.png"):
        (result,) = plan(shelf / "a.png", file=shelf / name)
        assert isinstance(result, OutputError), name
        assert "photo to restore" in str(result)


@pytest.mark.parametrize("name", ["out.bmp", "sub", "a.png/out.png", "x" * 300 + "/out.png"])
def test_outputs_that_cannot_be_are_refused_in_the_plan(shelf: Path, name: str) -> None:
    (result,) = plan(shelf / "b.JPG", file=shelf / name)
    assert isinstance(result, OutputError)
    assert result.hint


@pytest.mark.parametrize("name", ["", ".json", ".confidence.png"])
def test_a_folder_in_the_place_of_an_output_is_called_one(shelf: Path, name: str) -> None:
    folder = shelf / f"b.colorized.JPG{name}"
    folder.mkdir()
    (found,) = files.find_photos(
        [shelf / "b.JPG"], recursive=False, ignore=lambda _: False, marked=lambda _: False
    ).photos
    (target,) = files.plan_outputs([found], word="colorized", maps=["confidence"])
    assert isinstance(target.output, OutputError)
    assert str(target.output) == f"{folder} is a folder"
    assert "rename that folder" in target.output.hint


def test_a_device_is_not_replaced() -> None:
    (result,) = plan(Path("a.png"), file=Path(os.devnull))
    assert isinstance(result, OutputError)


def test_when_an_output_is_a_folder(shelf: Path) -> None:
    photo = shelf / "a.png"
    assert files.is_folder(str(shelf), [photo])
    assert files.is_folder("new/", [photo])
    assert files.is_folder("new", [photo, shelf / "b.JPG"])
    assert files.is_folder("new", [shelf])
    assert files.is_folder("new", [shelf / "*.png"])
    assert not files.is_folder("new.png", [photo])
    assert not files.is_folder("new.png", [Path("-")])


def test_companions() -> None:
    output = Path("out/photo.colorized.jpg")
    assert files.record_path(output) == Path("out/photo.colorized.jpg.json")
    assert files.companion(output, "confidence") == Path("out/photo.colorized.jpg.confidence.png")
    assert files.sample_path(output, 0) == Path("out/photo.colorized.s0.jpg")


def test_what_cannot_be_looked_at_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.stat

    def denied(path: str | Path, **options: bool) -> os.stat_result:  # chmod does not bind root
        if Path(path).parent == tmp_path / "closed":
            raise PermissionError(13, "Permission denied")
        return look(path, **options)

    monkeypatch.setattr(os, "stat", denied)
    assert files.is_free(tmp_path / "closed" / "a.png", maps=["confidence"], samples=1)
    (result,) = plan(tmp_path / "a.png", file=tmp_path / "closed" / "b.png")
    assert result == tmp_path / "closed" / "b.png"
