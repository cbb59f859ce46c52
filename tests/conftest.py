"""Pictures are drawn, never stored; no test touches the user's own folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click.testing
import numpy as np
import pytest
from PIL import Image
from published import ACCEPTED, Shelf, offer_row

from restore import registry
from restore.backend import Entry, Task
from restore.cli import main
from restore.device import freeze_arithmetic
from restore.weights import places
from shipping import lock


@pytest.fixture(autouse=True, scope="session")
def one_thread_an_operator() -> None:
    """As the program itself computes."""
    freeze_arithmetic()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty home and cache."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.delenv("RESTORE_CACHE", raising=False)


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Draw sky, hills, a house and some texture: (H, W) uint8."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width, 2)
    picture = 200 - 60 * y
    picture = np.where(y > 0.35 + 0.08 * np.sin(9 * x + seed), 110 - 50 * y, picture)
    house = (np.abs(x - 0.5) < 0.15) & (np.abs(y - 0.4) < 0.12)
    picture = np.where(house, 150, picture)
    random = np.random.default_rng(seed)
    return np.clip(picture + random.normal(0, 6, (height, width)), 0, 255).astype(np.uint8)


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Path]:
    """Write a drawn grey photo: `draw("a.jpg", 60, 80, seed=1)`."""

    def write(name: str, height: int = 60, width: int = 80, seed: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene(height, width, seed)).save(path)
        return path

    return write


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    exit_code: int
    stdout: bytes
    stderr: str


@pytest.fixture
def run() -> Callable[..., Ran]:
    """Run the command line in this process; a bug's exception passes through."""

    def invoke(*words: object, stdin: bytes = b"") -> Ran:
        runner = click.testing.CliRunner()
        result = runner.invoke(main, [str(word) for word in words], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout_bytes, result.stderr)

    return invoke


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a class of `fakes` into the table of backends, as `fake`: `offer("Painter")`."""

    def add(name: str, task: Task = Task.COLORIZE) -> None:
        row = Entry(
            "fake",
            f"fakes:{name}",
            (task,),
            "for tests",
            draws=task is not Task.DENOISE,
        )
        monkeypatch.setattr(registry, "BACKENDS", (row, *registry.BACKENDS))
        registry._table.cache_clear()

    yield add
    registry._table.cache_clear()


@pytest.fixture
def shelf_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    """Downloads of published models, an empty cache, and the backend that takes them."""
    shelf = Shelf(tmp_path)
    monkeypatch.setenv("RESTORE_CACHE", str(shelf.cache))
    offer_row(monkeypatch, shelf.lock)
    yield shelf
    registry._table.cache_clear()


@pytest.fixture
def import_smooth(shelf_of_models: Shelf, run: Callable[..., Ran]) -> Callable[..., Ran]:
    """Import files of the model `smooth`, its licence accepted."""
    return lambda *files: run("models", "import", "smooth", *files, ACCEPTED)


@pytest.fixture
def scans(tmp_path: Path, draw: Callable[..., Path]) -> Path:
    """A folder of three photos, one of them below another folder, and a text."""
    draw("scans/a.jpg", seed=1)
    draw("scans/b.png", seed=2)
    draw("scans/1950/a.jpg", seed=3)
    (tmp_path / "scans/notes.txt").write_text("not a photo")
    return tmp_path / "scans"


@pytest.fixture
def photos(draw: Callable[..., Path]) -> list[Path]:
    """Four photos of three sizes."""
    sizes = ((60, 80), (80, 60), (33, 70), (60, 80))
    return [draw(f"in/{n}.jpg", *size, seed=n) for n, size in enumerate(sizes)]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of names as they are found: other cases, accents, hidden ones, no photos."""
    touch(
        *(tmp_path / name for name in ("b.JPG", "a.png", "notes.txt", ".hidden.jpg")),
        *(tmp_path / "sub" / name for name in ("ä ö.tif", "a.png", "x.webp.json")),
        tmp_path / ".thumbnails" / "a.jpg",
    )
    return tmp_path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package: its `models` and its lock are written to and read from there."""
    folder = tmp_path / "package"
    folder.mkdir()
    monkeypatch.setattr(lock, "MODELS", folder / "models")
    monkeypatch.setattr(lock, "LOCK", folder / "weights.lock")
    monkeypatch.setattr(places, "PACKAGE", folder)
    return folder


@pytest.fixture
def mender(offer: Callable[..., None]) -> None:
    """A backend that fills holes without weights, as `fake`."""
    offer("Mender", Task.INPAINT)
