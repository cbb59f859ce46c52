"""How much memory a container or a batch system leaves its processes: Linux's control groups.

Source: Linux's Documentation, admin-guide/cgroup-v2 ("Memory") and cgroup-v1/memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def free_bytes(root: Path) -> int | None:
    """Return what may still be taken of the limits that hold for this process; None without any.

    Cached files count as free, as in the system's own MemAvailable, if they were not used again:
    the kernel lets go of them first.

    Args:
        root: Of the file system.
    """
    free = [room for group in _groups(root) if (room := _room(*group)) is not None]
    return max(0, min(free)) if free else None


def _groups(root: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Yield the groups of the process and all around them, and how their files are named.

    In a container, the path may be one of the host's: then only what is mounted at the top counts.
    """
    mounted = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            folder, names = mounted, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            folder = mounted / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        group = Path(path.lstrip("/"))
        for one in (group, *group.parents):
            yield folder / one, *names


def _room(group: Path, limit: str, used: str, cached: str) -> int | None:
    """Return how much a group may still take; None if it has no limit."""
    most, taken = _text(group / limit).strip(), _text(group / used).strip()
    if not (most.isdecimal() and taken.isdecimal()):  # absent, or "max"
        return None
    stat = dict(line.split(" ", 1) for line in _text(group / "memory.stat").splitlines())
    return int(most) - int(taken) + int(stat.get(cached, 0))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):  # not Linux, or not for us
        return ""
