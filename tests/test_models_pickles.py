"""Published files are pickles: what is read of them, and what is refused."""

from __future__ import annotations

import io
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import Ran
from published import Shelf, net, torch_file
from ran import refused
from safetensors.torch import load

from restore.weights.pickles import safetensors_of

Run = Callable[..., Ran]


NO_TENSORS = "it cannot be read as tensors"


class Runs:
    """What a pickle may hide: it makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_wants_code_is_refused(
    shelf_of_models: Shelf, tmp_path: Path, import_smooth: Run
) -> None:
    trap = tmp_path / "trap"
    for content in (torch_file({"weight": Runs(trap)}), pickle.dumps(Runs(trap), protocol=2)):
        error, _ = refused(import_smooth(shelf_of_models.put("smooth_net.pth", content)), 5)
        assert "wants to run code when it is read (posix.system): refused" in error
    assert not trap.exists()
    assert shelf_of_models.cached() == []


def test_a_network_pickled_whole_is_refused(shelf_of_models: Shelf, import_smooth: Run) -> None:
    path = shelf_of_models.put("smooth_net.pth", torch.nn.Linear(2, 2))
    error, _ = refused(import_smooth(path), 5)
    assert "torch.nn.modules.linear.Linear" in error


def flipped(whole: bytes) -> bytes:
    middle = whole.index(b"data/0") + 200  # within the first tensor
    return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda whole: b"", NO_TENSORS),
        (lambda whole: b"hello", NO_TENSORS),
        (lambda whole: b"<!DOCTYPE html><html>Not Found</html>", NO_TENSORS),
        (lambda whole: whole[: len(whole) // 2], "it is cut short"),
        (lambda whole: whole[len(whole) // 2 :], ""),
        (lambda whole: bytes(range(256)) * 20, NO_TENSORS),
        (lambda whole: pickle.dumps({"a": {1, 2}}, protocol=4), NO_TENSORS),
        (flipped, "data/0 in it is not as it was written"),
    ],
    ids=["empty", "text", "a page", "its half", "its end", "noise", "a pickle of others", "a bit"],
)
def test_a_damaged_file_is_one_line_in_our_words(
    shelf_of_models: Shelf, import_smooth: Run, damage: Callable[[bytes], bytes], problem: str
) -> None:
    path = shelf_of_models.put("smooth_net.pth", damage(shelf_of_models.net.read_bytes()))
    error, _ = refused(import_smooth(path), 5)
    assert "is no checkpoint of PyTorch, or a damaged one: " in error
    assert error.endswith(problem)
    assert not re.search("Weights only|central directory|PytorchStream|weights_only", error)
    assert shelf_of_models.cached() == []


def test_files_as_old_versions_of_torch_wrote_them_are_read(
    shelf_of_models: Shelf, import_smooth: Run
) -> None:
    stream = io.BytesIO()
    torch.save(net(), stream, _use_new_zipfile_serialization=False)
    shelf_of_models.put("smooth_net.pth", stream.getvalue())
    assert import_smooth(shelf_of_models.net).exit_code == 0


def test_tensors_that_share_memory_are_stored() -> None:
    whole = torch.arange(12.0).view(3, 4)
    state = {"whole": whole, "row": whole[1], "turned": whole.T}
    assert safetensors_of(state, {"a": 1, "b": 2}) == safetensors_of(state, {"b": 2, "a": 1})
    stored = load(safetensors_of(state, {}))
    assert all(torch.equal(stored[name], tensor) for name, tensor in state.items())


def test_too_little_memory_is_no_damage(
    shelf_of_models: Shelf, import_smooth: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*_: object, **__: object) -> torch.Tensor:
        return torch.empty(1 << 60)

    monkeypatch.setattr(torch, "load", greedy)
    error, _ = refused(import_smooth(shelf_of_models.net), 6)
    assert "memory does not suffice to import" in error
