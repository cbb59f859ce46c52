"""What control groups leave a process of the machine's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore import cgroup

V2 = "0::{}\n"
V1 = "9:name=systemd:/\n5:cpu,memory:{}\n0::/\n"


def system(root: Path, own: str, files: dict[str, object]) -> Path:
    """Write what the kernel shows: the process's group, and files below /sys/fs/cgroup."""
    for name, text in {"proc/self/cgroup": own, **in_folder(files)}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text))
    return root


def in_folder(files: dict[str, object]) -> dict[str, object]:
    return {f"sys/fs/cgroup/{name}": text for name, text in files.items()}


def test_the_limit_less_what_is_used(tmp_path: Path) -> None:
    files = {"a/b/memory.max": "1000\n", "a/b/memory.current": "300\n"}
    assert cgroup.free_bytes(system(tmp_path, V2.format("/a/b"), files)) == 700


def test_the_limits_of_all_groups_around_hold(tmp_path: Path) -> None:
    files = {
        "a/b/memory.max": "max\n",
        "a/b/memory.current": "300\n",
        "a/memory.max": "900\n",
        "a/memory.current": "500\n",
        "c/memory.max": "1\n",
        "c/memory.current": "1\n",
    }
    assert cgroup.free_bytes(system(tmp_path, V2.format("/a/b"), files)) == 400


@pytest.mark.parametrize("path", ["/", "/docker/0123"])
def test_a_container_sees_its_own_group_at_the_top(tmp_path: Path, path: str) -> None:
    files = {"memory.max": "1000\n", "memory.current": "300\n"}
    assert cgroup.free_bytes(system(tmp_path, V2.format(path), files)) == 700


def test_cached_files_are_free(tmp_path: Path) -> None:
    files = {
        "memory.max": "1000\n",
        "memory.current": "990\n",
        "memory.stat": "anon 300\ninactive_file 600\nactive_file 90\n",
    }
    assert cgroup.free_bytes(system(tmp_path, V2.format("/"), files)) == 610


def test_the_first_version(tmp_path: Path) -> None:
    files = {
        "memory/slurm/job_1/memory.limit_in_bytes": "1000\n",
        "memory/slurm/job_1/memory.usage_in_bytes": "300\n",
        "memory/slurm/job_1/memory.stat": "inactive_file 1\ntotal_inactive_file 50\n",
        "memory/memory.limit_in_bytes": f"{(1 << 63) - 4096}\n",
        "memory/memory.usage_in_bytes": "5000\n",
    }
    assert cgroup.free_bytes(system(tmp_path, V1.format("/slurm/job_1"), files)) == 750


def test_more_used_than_allowed_is_nothing_free(tmp_path: Path) -> None:
    files = {"memory.max": "1000\n", "memory.current": "1001\n"}
    assert cgroup.free_bytes(system(tmp_path, V2.format("/"), files)) == 0


@pytest.mark.parametrize("own", ["", "nonsense\n", V2.format("/a"), V1.format("/a")])
def test_without_limits_nothing_is_said(tmp_path: Path, own: str) -> None:
    files = {"a/memory.max": "max\n", "a/memory.current": "300\n"}
    assert cgroup.free_bytes(system(tmp_path, own, files)) is None
    assert cgroup.free_bytes(tmp_path / "absent") is None
