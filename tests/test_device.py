"""How much memory is free."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from restore import cgroup, device


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """As outside of any container, wherever the tests run."""
    monkeypatch.setattr(cgroup, "free_bytes", lambda root: None)


def absent(path: Path) -> None:
    pass


# Memory


def test_the_free_memory_of_the_processor_is_what_the_system_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    3000 kB\n"
    known = SimpleNamespace(read_text=lambda encoding: text)
    monkeypatch.setattr(device, "Path", lambda path: known)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.free_bytes("cpu") == device.free_bytes("auto") == 3000 * 1024


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("MemTotal:       16000 kB\nMemFree:         1000 kB\n", 1000 * 1024),
        ("MemTotal:       16000 kB\nno such line\n", 4 << 30),
    ],
)
def test_a_system_that_says_little_of_its_memory(
    text: str, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = SimpleNamespace(read_text=lambda encoding: text)
    monkeypatch.setattr(device, "Path", lambda path: known)
    assert device.free_bytes("cpu") == free


def test_where_the_system_says_nothing_a_guess_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "Path", lambda path: tmp_path / "absent")
    assert device.free_bytes("cpu") == 4 << 30


@pytest.mark.parametrize(("allowed", "free"), [(2000, 2000), (1 << 40, 3000 * 1024)])
def test_a_container_may_have_less_than_the_machine(
    allowed: int, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = SimpleNamespace(read_text=lambda encoding: "MemAvailable:    3000 kB\n")
    monkeypatch.setattr(device, "Path", lambda path: known)
    monkeypatch.setattr(cgroup, "free_bytes", lambda root: allowed)
    assert device.free_bytes("cpu") == free


@pytest.mark.parametrize(
    ("name", "asked"), [("cuda", "cuda"), ("cuda:1", "cuda:1"), ("auto", None)]
)
def test_the_free_memory_of_a_gpu_is_its_own(
    name: str, asked: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {asked: (123, 456)}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda of: free[of])
    assert device.free_bytes(name) == 123


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "auto"])
def test_a_gpu_says_how_much_is_free(name: str) -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    assert 0 < device.free_bytes(name) <= total


def test_large_blocks_go_back_to_the_system_with_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    library = SimpleNamespace(mallopt=lambda *words: asked.append(words))
    monkeypatch.setattr(device.ctypes, "CDLL", lambda name: library)
    device.keep_nothing_freed()
    assert asked == [(-3, 4 << 20)]  # M_MMAP_THRESHOLD of malloc.h


@pytest.mark.parametrize(
    "error", [TypeError, OSError, AttributeError], ids=["Windows", "none", "musl"]
)
def test_freed_memory_may_be_kept_on_other_systems(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    asked = []

    def library(name: object) -> object:
        asked.append(name)
        if error is AttributeError:
            return object()  # a library without mallopt
        raise error("there is no library of no name")

    monkeypatch.setattr(device.ctypes, "CDLL", library)
    device.keep_nothing_freed()
    assert asked == [None]
