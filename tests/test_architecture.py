"""The direction of imports, as docs/design.md draws it: downward only."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import restore

PACKAGE = Path(restore.__file__).parent

#: module -> what of ours it may import at the top of a file
ALLOWED = {
    "errors": set(),
    "defaults": set(),
    "backend": {"errors"},
    "job": {"errors", "defaults", "backend"},
    "registry": {"errors", "backend"},
    "tiles": set(),
    "noise": set(),
    "clock": set(),
    "cores": set(),
    "files": {"errors"},
    "color": set(),
    "resample": set(),
    "chroma": {"color", "resample"},
    "evidence": {"color", "resample"},
    "routes": {"color", "resample"},
    "masks": {"resample", "tiles"},
    "photo": {"errors", "files", "color"},
    "cgroup": set(),
    "device": {"errors", "cgroup"},
    "weights": {"errors", "files", "device"},
    "record": {"errors", "files"},
    "nets": set(),
    "backends": {"backend", "errors", "color", "nets"},
    "pipeline": {
        *("errors", "job", "backend", "tiles", "noise", "clock"),
        *("color", "resample", "chroma", "device", "photo", "evidence", "routes", "masks"),
    },
    "batch": {
        *("errors", "job", "backend", "registry", "files", "clock", "resample"),
        *("photo", "device", "weights", "record", "evidence", "pipeline"),
    },
    "cli": {"errors", "defaults", "job", "backend", "registry", "cores"},
}

#: what may be imported inside a function: the two lazy edges, and what the command line defers
LAZY = {"cli": {"batch", "files", "record", "weights"}}


def modules() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem[0] != "_"
    )


def imports_of(path: Path) -> tuple[set[str], set[str]]:
    """Return our modules that a file imports: at its top, and inside its functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(PACKAGE).parent.parts

    def within(is_block: Callable[[ast.AST], bool]) -> set[int]:
        blocks = (block for block in ast.walk(tree) if is_block(block))
        return {id(node) for block in blocks for node in ast.walk(block)}

    inside = within(lambda block: isinstance(block, ast.FunctionDef))
    for_types = within(
        lambda block: isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
    )
    top: set[str] = set()
    lazy: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level or id(node) in for_types:
            continue
        base = list(package[: len(package) - node.level + 1])
        named = [*base, *(node.module or "").split(".")] if node.module else base
        found = {named[0]} if named else {alias.name for alias in node.names}
        (lazy if id(node) in inside else top).update(found)
    return top - {"__version__"}, lazy - {"__version__"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_downward(path: Path) -> None:
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    top, lazy = imports_of(path)
    assert top - {room} <= ALLOWED[room]
    assert lazy - {room} <= ALLOWED[room] | LAZY.get(room, set())


def test_every_room_is_drawn() -> None:
    rooms = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in modules()}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
