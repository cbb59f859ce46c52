"""Networks from files of weights that say in their metadata which network they fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from torch import nn

from ..errors import WeightsError

Net = TypeVar("Net", bound=nn.Module)


def read_net(path: Path, build: Callable[[Mapping[str, Any]], Net]) -> Net:
    """Build the network that a file describes and fill it, strictly.

    Args:
        path: Safetensors, with a JSON table under `config` in its metadata.
        build: Makes the network from that table.

    Raises:
        WeightsError: If the file is not safetensors, or does not hold exactly this network.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        if "config" not in metadata:
            raise ValueError("it does not describe its network")
        net = build(json.loads(metadata["config"]))
        net.load_state_dict(state)
    except (SafetensorError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(
            f"{path} holds no weights of this backend: {shorten(str(error), 200)}",
            hint="choose another --model",
        ) from error
    return net
