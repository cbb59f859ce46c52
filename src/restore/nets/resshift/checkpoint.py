"""Weights of published files, strictly: the whole network, and this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)

_WRAPPERS = ("module.", "_orig_mod.")  #: what training in parallel or compiled puts before names


def admitted(content: object, build: Callable[[], nn.Module]) -> dict[str, Tensor]:
    """Take a network's weights out of what a published file holds, under the network's names.

    Args:
        content: A table of tensors, bare or under `state_dict`. More tensors than the network
            has are no harm.
        build: Makes the network. No memory is spent on the weights that it starts with.

    Raises:
        ValueError: If it is no such table, or not of this network; the message names the first
            tensor that is missing, has another shape, or differs from what the method computes.
    """
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise ValueError("it holds no table of tensors")
    found = {_bare(str(k)): tensor for k, tensor in content.items() if isinstance(tensor, Tensor)}
    return _checked(_planned(build), found)


def load(path: Path, build: Callable[[], Net]) -> Net:
    """Build a network and fill it from safetensors, on the CPU, ready for inference.

    Raises:
        ValueError: If the file is not safetensors, or `admitted` refuses what it holds; the
            message begins with its name.
        OSError: If it cannot be read.
    """
    net = _planned(build)
    try:
        net.load_state_dict(_checked(net, load_file(path)), assign=True)
    except (ValueError, SafetensorError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return net.eval().requires_grad_(False)


def _planned(build: Callable[[], Net]) -> Net:
    with torch.device("meta"):
        return build()


def _bare(name: str) -> str:
    while name.startswith(_WRAPPERS):
        name = name.partition(".")[2]
    return name


def _checked(net: nn.Module, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a network wants, in its own types; raise ValueError if that was not found."""
    wanted = net.state_dict()
    computed = dict(net.named_buffers())
    state = {}
    for name, tensor in wanted.items():
        if name not in found:
            raise ValueError(f"it has no {name!r}")
        if found[name].shape != tensor.shape:
            raise ValueError(f"{name!r} is {tuple(found[name].shape)}, not {tuple(tensor.shape)}")
        state[name] = found[name].to(tensor.dtype)
        if name in computed and not torch.equal(state[name], tensor):
            raise ValueError(f"{name!r} is not what this method computes")
    return state
