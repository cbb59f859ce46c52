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

from restore.nets.resshift.checkpoint import admitted, load
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
    content = torch.load(tmp_path / "net.pth", weights_only=True)
    save_file(admitted(content, build), tmp_path / "net.safetensors")
    net = load(tmp_path / "net.safetensors", build)
    assert not net.training
    for name, tensor in net.state_dict().items():
        assert tensor.dtype == state[name].dtype
        torch.testing.assert_close(tensor, state[name], rtol=1e-3, atol=1e-6)
    x = torch.randn(1, 3, 16, 16)
    assert net(x, torch.tensor([2]), net.condition(x)).isfinite().all()


def refusal(content: object) -> str:
    with pytest.raises(ValueError, match=r".+") as refused:
        admitted(content, build)
    return str(refused.value)


def test_the_first_missing_tensor_is_named(state: State) -> None:
    names = list(state)
    rest = {name: state[name] for name in names if name not in (names[9], names[30])}
    assert refusal(rest) == f"it has no {names[9]!r}"


def test_another_networks_file_is_refused_by_the_first_name() -> None:
    message = refusal(VQAutoencoder(TINY_VQ).state_dict())
    assert message == "it has no 'time_embed.0.weight'"


def test_a_missing_buffer_is_missing(state: State) -> None:
    name = "input_blocks.1.1.blocks.1.attn_mask"
    rest = {key: tensor for key, tensor in state.items() if key != name}
    assert name in refusal(rest)


def test_another_shape_is_named(state: State) -> None:
    name = "input_blocks.0.0.weight"
    message = refusal({**state, name: torch.zeros(32, 67, 3, 3)})
    assert message == f"{name!r} is (32, 67, 3, 3), not (32, 6, 3, 3)"


@pytest.mark.parametrize(
    "name",
    [
        "input_blocks.1.1.blocks.1.attn_mask",
        "middle_block.1.blocks.0.attn.relative_position_index",
    ],
)
def test_a_network_of_another_method_is_refused(state: State, name: str) -> None:
    changed = state[name].clone()
    changed[0, 0] += 1
    message = refusal({**state, name: changed})
    assert message == f"{name!r} is not what this method computes"


def test_a_textbook_mask_is_refused(state: State) -> None:
    # Liu et al.: keep apart what rolling brought together, in the last row and column of windows.
    side, window = 16, 8
    band = torch.tensor([0] * 8 + [1] * 4 + [2] * 4)
    regions = 3 * band[:, None] + band
    tiles = regions.view(side // window, window, side // window, window).transpose(1, 2)
    places = tiles.reshape(-1, window**2)
    textbook = -100.0 * (places[:, None] != places[:, :, None])
    name = "input_blocks.1.1.blocks.1.attn_mask"
    assert textbook.shape == state[name].shape
    assert name in refusal({**state, name: textbook})


@pytest.mark.parametrize(
    "content",
    [b"", b"no weights", b"\x80\x04}q\x00.", b"PK\x03\x04", pickle.dumps({"a": 1})],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.safetensors"):
        load(tmp_path / "a.safetensors", build)


def test_a_file_without_a_table_is_refused() -> None:
    assert "no table of tensors" in refusal(torch.ones(3))


def test_a_file_of_another_network_is_refused_when_it_is_loaded(
    tmp_path: Path, state: State
) -> None:
    rest = {name: tensor for name, tensor in state.items() if name != "out.2.bias"}
    save_file(rest, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=r"a\.safetensors: it has no 'out\.2\.bias'"):
        load(tmp_path / "a.safetensors", build)


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "a.safetensors", build)
