"""Files of weights: what is accepted, and what is said of the others."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from resshift_reference import TINY_UNET, TINY_VQ
from safetensors.torch import save_file
from torch import Tensor

from restore.nets.resshift.checkpoint import load
from restore.nets.resshift.unet import UNetModelSwin
from restore.nets.resshift.vq import VQAutoencoder

State = dict[str, Tensor]


def build() -> UNetModelSwin:
    return UNetModelSwin(TINY_UNET)


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(0)
    return build().state_dict()


def prefixed(state: State, prefix: str) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda state: state,
        lambda state: {"state_dict": state},
        lambda state: prefixed(state, "module."),
        lambda state: {"state_dict": prefixed(state, "module._orig_mod.")},
        lambda state: prefixed(state, "_orig_mod.module."),
        lambda state: {**state, "ema_decay": torch.ones(1), "step": 7},
        lambda state: {name: t.half() if t.is_floating_point() else t for name, t in state.items()},
    ],
    ids=["bare", "state_dict", "module", "both", "other order", "more than asked", "half"],
)
def test_such_files_are_read(
    tmp_path: Path, state: State, wrapped: Callable[[State], object]
) -> None:
    torch.save(wrapped(state), tmp_path / "net.pth")
    net = load(tmp_path / "net.pth", build)
    assert not net.training
    for name, tensor in net.state_dict().items():
        assert tensor.dtype == state[name].dtype
        torch.testing.assert_close(tensor, state[name], rtol=1e-3, atol=1e-6)
    x = torch.randn(1, 3, 16, 16)
    assert net(x, torch.tensor([2]), net.condition(x)).isfinite().all()


def test_safetensors_and_old_pickles_are_read(tmp_path: Path, state: State) -> None:
    save_file(state, tmp_path / "net.safetensors")
    torch.save(state, tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    one = load(tmp_path / "net.safetensors", build).state_dict()
    other = load(tmp_path / "net.pth", build).state_dict()
    assert all(torch.equal(one[name], state[name]) for name in state)
    assert all(torch.equal(other[name], state[name]) for name in state)


def refusal(path: Path, content: object) -> str:
    torch.save(content, path)
    with pytest.raises(ValueError, match=path.name) as refused:
        load(path, build)
    return str(refused.value)


def test_the_first_missing_tensor_is_named(tmp_path: Path, state: State) -> None:
    names = list(state)
    rest = {name: state[name] for name in names if name not in (names[9], names[30])}
    assert refusal(tmp_path / "a.pth", rest) == f"a.pth: it has no {names[9]!r}"


def test_another_networks_file_is_refused_by_the_first_name(tmp_path: Path) -> None:
    message = refusal(tmp_path / "vq.pth", VQAutoencoder(TINY_VQ).state_dict())
    assert message == "vq.pth: it has no 'time_embed.0.weight'"


def test_a_missing_buffer_is_missing(tmp_path: Path, state: State) -> None:
    name = "input_blocks.1.1.blocks.1.attn_mask"
    rest = {key: tensor for key, tensor in state.items() if key != name}
    assert name in refusal(tmp_path / "a.pth", rest)


def test_another_shape_is_named(tmp_path: Path, state: State) -> None:
    name = "input_blocks.0.0.weight"
    message = refusal(tmp_path / "a.pth", {**state, name: torch.zeros(32, 67, 3, 3)})
    assert message == f"a.pth: {name!r} is (32, 67, 3, 3), not (32, 6, 3, 3)"


@pytest.mark.parametrize(
    "name",
    [
        "input_blocks.1.1.blocks.1.attn_mask",
        "middle_block.1.blocks.0.attn.relative_position_index",
    ],
)
def test_a_network_of_another_method_is_refused(tmp_path: Path, state: State, name: str) -> None:
    changed = state[name].clone()
    changed[0, 0] += 1
    message = refusal(tmp_path / "a.pth", {**state, name: changed})
    assert message == f"a.pth: {name!r} is not what this method computes"


def test_a_textbook_mask_is_refused(tmp_path: Path, state: State) -> None:
    # Liu et al.: keep apart what rolling brought together, in the last row and column of windows.
    side, window = 16, 8
    band = torch.tensor([0] * 8 + [1] * 4 + [2] * 4)
    regions = 3 * band[:, None] + band
    tiles = regions.view(side // window, window, side // window, window).transpose(1, 2)
    places = tiles.reshape(-1, window**2)
    textbook = -100.0 * (places[:, None] != places[:, :, None])
    name = "input_blocks.1.1.blocks.1.attn_mask"
    assert textbook.shape == state[name].shape
    assert name in refusal(tmp_path / "a.pth", {**state, name: textbook})


class Command:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("the file ran code",)


def test_a_file_that_would_run_code_is_refused(
    tmp_path: Path, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(tmp_path / "a.pth", {**state, "extra": Command()})
    assert message == "a.pth: not a file of weights, or a damaged one"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"no weights", b"\x80\x04}q\x00.", b"((((", b"PK\x03\x04", pickle.dumps({"a": 1})],
)
@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_other_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        load(tmp_path / name, build)


@pytest.mark.parametrize("whole", [True, False], ids=["zip", "old"])
def test_a_cut_off_file_is_refused(tmp_path: Path, state: State, whole: bool) -> None:
    path = tmp_path / "a.pth"
    torch.save(state, path, _use_new_zipfile_serialization=whole)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="damaged"):
        load(path, build)


def test_a_file_without_a_table_is_refused(tmp_path: Path) -> None:
    assert "no table of tensors" in refusal(tmp_path / "a.pth", torch.ones(3))


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / name, build)
