"""Networks from published files, strictly: the whole network, and this one.

The published files are pickles. They are read by `weights_only`, which builds tensors and runs
no code.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)

_WRAPPERS = ("module.", "_orig_mod.")  #: what training in parallel or compiled puts before names


def load(path: Path, build: Callable[[], Net]) -> Net:
    """Build a network and fill it from a file, in float32 on the CPU, ready for inference.

    Args:
        path: `.safetensors`, or what `torch.save` wrote: a table of tensors, bare or under
            `state_dict`. More tensors than the network has are no harm.
        build: Makes the network. No memory is spent on the weights that it starts with.

    Raises:
        ValueError: If the file is none of these, or not of this network; the message names the
            first tensor that is missing or has another shape.
        OSError: If it cannot be read.
    """
    with torch.device("meta"):
        net = build()
    try:
        _fill(net, _read(path))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    return net.eval().requires_grad_(False)


def _read(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file, by names without wrappers; raise ValueError if it has none."""
    content: object
    try:
        if path.suffix == ".safetensors":
            content = load_file(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of pickles that are none; what counts is raised
                content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # A damaged pickle raises whatever its bytes lead to. Torch's text is not passed on: it
        # advises to read the file without `weights_only`.
        if "Allocator" in str(error):  # that is out of memory, and the file may be right
            raise
        raise ValueError("not a file of weights, or a damaged one") from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise ValueError("it holds no table of tensors")
    return {_bare(str(k)): tensor for k, tensor in content.items() if isinstance(tensor, Tensor)}


def _bare(name: str) -> str:
    while name.startswith(_WRAPPERS):
        name = name.partition(".")[2]
    return name


def _fill(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give a network planned on the meta device its weights.

    Raises:
        ValueError: If a tensor is missing, has another shape, or differs from what is computed.
    """
    wanted = net.state_dict()
    computed = dict(net.named_buffers())
    for name, tensor in wanted.items():
        found = state.get(name)
        if found is None:
            raise ValueError(f"it has no {name!r}")
        if found.shape != tensor.shape:
            raise ValueError(f"{name!r} is {tuple(found.shape)}, not {tuple(tensor.shape)}")
        if name in computed and not torch.equal(found.to(tensor.dtype), tensor):
            raise ValueError(f"{name!r} is not what this method computes")
    net.load_state_dict({name: state[name].to(wanted[name].dtype) for name in wanted}, assign=True)
