"""Where to compute and how precisely; the only place that asks about CUDA and MPS."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from . import cgroup
from .errors import DeviceError

_M_MMAP_THRESHOLD, _LARGE = -3, 4 << 20  # glibc's malloc.h; bytes of a block
_GUESS = 4 << 30  #: bytes of memory that are taken to be free where nobody knows
# The class that every tensor on a CPU gets its memory from, as its failures name it.
_CPU_ALLOCATOR = "DefaultCPUAllocator"

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Place:
    """A usable device and the arithmetic to use on it."""

    device: torch.device
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        return PRECISIONS[self.precision]


def choose(device: str, precision: str) -> Place:
    """Resolve `--device` and `--precision`.

    `auto` is the first CUDA device, then MPS, then the CPU; in bfloat16 on a CUDA device that knows
    it, else in float32.

    Raises:
        DeviceError: If the device is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else _mps_or_cpu()
    place = torch.device(device)
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        found = torch.cuda.device_count()
        raise DeviceError(
            f"no device {device!r}: {found} CUDA devices found", hint="use --device auto"
        )
    if place.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("no device 'mps' on this machine", hint="use --device auto")
    if precision == "auto":
        reduced = place.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if reduced else "fp32"
    return Place(place, precision)


def _mps_or_cpu() -> str:
    return "mps" if torch.backends.mps.is_available() else "cpu"


def freeze_arithmetic() -> None:
    """Make every later result independent of the number of threads and of the run.

    Sums inside one operator depend on how many threads share it, so each operator gets one;
    the program runs strips, tiles and photos side by side instead.
    """
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory did not suffice, on whichever device.

    Python, NumPy and a GPU's allocator raise types of their own. PyTorch's on a CPU raises a plain
    RuntimeError, as for many a bug, and nothing but its text tells them apart; asking how much
    memory is free would come too late, when the failed attempt has given its own back. So the
    text is asked for the name of the allocator alone, which a test keeps true; should it change,
    the failure is a traceback instead of a line, never a wrong picture.
    """
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return type(error) is RuntimeError and _CPU_ALLOCATOR in str(error)


def release_memory() -> None:
    """Give back what freed tensors still hold of a GPU."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def keep_nothing_freed() -> None:
    """Let large blocks go back to the system when they are freed, where the C library is glibc.

    It would keep blocks of up to 32 MB for each thread: 240 MB more for 12 megapixels on two.
    """
    with suppress(OSError, TypeError, AttributeError):  # another system's library, or musl's
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def free_bytes(device: str) -> int:
    """Return how much memory is free where `--device` computes; a guess where nobody knows.

    A container, or a cluster's job, may have less than the machine: taking more would end it.
    """
    if device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()):
        free, _ = torch.cuda.mem_get_info(None if device == "auto" else device)
        return int(free)
    allowed = cgroup.free_bytes(Path("/"))
    free = _free_on_the_machine()
    return free if allowed is None else min(free, allowed)


def _free_on_the_machine() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return _GUESS
    known = {name: amount for name, _, amount in (line.partition(":") for line in lines)}
    # Kernels before 3.14, and some containers, tell only what nothing uses: less than could be had.
    kibibytes = (known.get("MemAvailable") or known.get("MemFree") or "").split()
    return int(kibibytes[0]) << 10 if kibibytes else _GUESS
