"""Published files of weights: pickles, read without letting them run anything."""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from textwrap import shorten
from typing import BinaryIO

import torch
from safetensors.torch import save
from torch import Tensor

from ..device import is_out_of_memory
from ..errors import WeightsError

_ZIP = b"PK\x03\x04"  # begins a file as PyTorch writes them since 1.6
_WANTED = re.compile(r"GLOBAL (\S+)")  # as torch names what a pickle asked for


def read_pickle(stream: BinaryIO, name: str) -> object:
    """Read a checkpoint of tensors; nothing in it is run.

    Args:
        stream: The file, at any place.
        name: For messages.

    Raises:
        WeightsError: If it asks for code, is damaged, or is no checkpoint.
        RuntimeError: If memory does not suffice; or MemoryError.
    """
    try:
        stream.seek(0)
        _check_sums(stream, name)
        stream.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols, that no reader of ours needs
            return torch.load(stream, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:  # what is no pickle can make its reader raise anything
        if is_out_of_memory(error):
            raise
        wanted = _WANTED.search(str(error))
        if wanted:
            raise WeightsError(
                f"{name} wants to run code when it is read ({shorten(wanted[1], 80)}): refused",
                hint="get the file from its authors",
            ) from error
        # What torch says of it is of its own options; it stays the error's cause.
        raise WeightsError(
            f"{name} is no checkpoint of PyTorch, or a damaged one: it cannot be read as tensors",
            hint="get it again",
        ) from error


def _check_sums(stream: BinaryIO, name: str) -> None:
    """Raise WeightsError if a part of a zip file is damaged, which torch does not look at."""
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        if stream.read(len(_ZIP)) != _ZIP:
            return  # of the kind before PyTorch 1.6, which has no sums
        problem = "it is cut short"
    else:
        with zipfile.ZipFile(stream) as parts:
            damaged = parts.testzip()
        if damaged is None:
            return
        problem = f"{damaged} in it is not as it was written"
    raise WeightsError(
        f"{name} is no checkpoint of PyTorch, or a damaged one: {problem}", hint="get it again"
    )


def safetensors_of(state: Mapping[str, Tensor], config: Mapping[str, object]) -> bytes:
    """Return tensors as a file that cannot carry code, with what its reader must know.

    The same tensors give the same bytes.
    """
    own: dict[str, Tensor] = {}
    storages = set()
    for name, tensor in state.items():
        place = tensor.untyped_storage().data_ptr()
        # Safetensors takes no views of one storage; copying all would double the memory.
        whole = tensor.contiguous()
        own[name] = whole.clone() if place in storages and whole is tensor else whole
        storages.add(place)
    return save(own, metadata={"config": json.dumps(config, sort_keys=True)})
