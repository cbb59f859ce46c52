"""The table of backends. Reading it imports none of them.

Other distributions add rows through entry points of the group `restore.backends`, each the
path of an `Entry`; a row of theirs cannot replace one of ours.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .backend import Admit, Backend, Entry, Finder, Task
from .errors import BackendError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The first row that names a task is its default.
BACKENDS: tuple[Entry, ...] = (
    Entry(
        name="diffusion",
        target="restore.backends.diffusion:DiffusionColorizer",
        tasks=(Task.COLORIZE,),
        summary="Imagines chroma from lightness by a small diffusion model; ours, offline.",
        models=("colorizer-v1",),
        defaults={"steps": 10, "variety": 0.2, "saturation": 1.4},
        draws=True,
    ),
    Entry(
        name="autoencoder",
        target="restore.backends.autoencoder:AutoencoderDenoiser",
        tasks=(Task.DENOISE,),
        summary="Removes noise by a small convolutional network; ours, offline.",
        models=("denoiser-v1",),
    ),
    Entry(
        name="resshift",
        target="restore.backends.resshift:ResShift",
        tasks=(Task.DENOISE, Task.INPAINT, Task.UPSCALE),
        summary="Restores, fills and enlarges by a few steps of residual shifting; ours, offline.",
        models=(
            "resshift-v1",
            "resshift-realsr-v1",
            "resshift-realsr-v2",
            "resshift-realsr-v3",
            "resshift-bicubic",
            "resshift-inpaint-imagenet",
            "resshift-inpaint-face",
            "resshift-face",
        ),
        defaults={"mean": 1},
        draws=True,
        mends=True,
        admit="restore.backends.resshift:admit",
    ),
    Entry(
        name="identity",
        target="restore.backends.identity:Identity",
        tasks=(Task.COLORIZE, Task.DENOISE, Task.INPAINT, Task.UPSCALE),
        summary="Adds nothing, and repeats pixels to enlarge: to try a plan, and for tests.",
        rehearses=True,
    ),
)

#: What finds damage where nobody drew a mask: no backend, it restores nothing.
FINDER = Entry(
    name="damage",
    target="restore.backends.damage:DamageFinder",
    tasks=(),
    summary="Finds scratches, cracks and dust for a mask by a small network; ours, offline.",
    models=("damage-v1",),
)


@cache
def _table() -> dict[str, Entry | BackendError]:
    """Return the rows by name; of one that is no good, what is wrong with it."""
    from importlib.metadata import entry_points  # slow to import, and help needs no table

    rows: dict[str, Entry | BackendError] = {entry.name: entry for entry in BACKENDS}
    for point in entry_points(group="restore.backends"):
        if point.name not in rows:
            rows[point.name] = _loaded(point)
    return rows


def _loaded(point: EntryPoint) -> Entry | BackendError:
    """Return a row of another distribution; one that is no good stops nobody else's."""
    try:
        entry = point.load()
    except Exception as error:  # theirs may raise anything
        problem = f"cannot be loaded: {error}"
    else:
        if isinstance(entry, Entry) and entry.name == point.name:
            return entry
        problem = "has no row of that name"
    whose = point.dist.name if point.dist else "an unknown distribution"
    return BackendError(
        f"backend {point.name!r} of {whose} {problem}",
        hint=f"update or remove {whose}, or choose another --backend",
    )


def names(task: Task) -> list[str]:
    """Return the backends that serve a task, the default first."""
    rows = _table().items()
    return [name for name, entry in rows if isinstance(entry, Entry) and task in entry.tasks]


def find(name: str, task: Task) -> Entry:
    """Return a backend's row.

    Raises:
        BackendError: If there is none of that name, it does not serve the task, or the
            distribution that has it is no good.
    """
    entry = _row(name)
    known = names(task)
    if entry is None:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        raise BackendError(f"no backend named {name!r}", hint=hint)
    if task not in entry.tasks:
        raise BackendError(f"backend {name!r} cannot {task}", hint=f"these can: {', '.join(known)}")
    return entry


def load_class(entry: Entry) -> type[Backend]:
    """Import a backend.

    Raises:
        BackendError: If something that it needs is not installed.
    """
    backend: type[Backend] = _imported(entry.name, entry.target)
    return backend


def load_finder() -> type[Finder]:
    """Import what finds damage.

    Raises:
        BackendError: If something that it needs is not installed.
    """
    finder: type[Finder] = _imported(FINDER.name, FINDER.target, "give a mask with --mask")
    return finder


def row(name: str) -> Entry | None:
    """Return a backend's row, whatever it serves; None if there is none that is any good."""
    entry = _table().get(name)
    return None if isinstance(entry, BackendError) else entry


def _row(name: str) -> Entry | None:
    """Return a backend's row; None if there is none of that name.

    Raises:
        BackendError: If the distribution that has it is no good.
    """
    entry = _table().get(name)
    if isinstance(entry, BackendError):
        raise entry
    return entry


def load_admit(name: str) -> Admit:
    """Import a backend's check of published files.

    Raises:
        BackendError: If there is no such backend, it has no such check, or something that it
            needs is not installed.
    """
    entry = _row(name)
    if entry is None or not entry.admit:
        raise BackendError(
            f"no backend {name!r} that takes published weights is installed",
            hint="install the distribution that has it",
        )
    admit: Admit = _imported(name, entry.admit)
    return admit


def _imported(backend: str, target: str, instead: str = "choose another --backend") -> Any:
    """Import what a row names as "module:name"; `instead` hints at what else can be done."""
    module, _, name = target.partition(":")
    try:
        return getattr(import_module(module), name)
    except ImportError as error:
        raise BackendError(
            f"backend {backend!r} cannot be imported: {error}",
            hint=f"install what it needs, or {instead}",
        ) from error
