"""The options that every task shares, and the words they are parsed into."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .. import defaults
from ..errors import reason_of

if TYPE_CHECKING:
    from ..job import PixelHint


class HintType(click.ParamType["PixelHint"]):
    """`X,Y=#RRGGBB`: a colour at a pixel."""

    name = "X,Y=#RRGGBB"
    _pattern = re.compile(r"(\d+),(\d+)=#([0-9a-fA-F]{6})")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> PixelHint:
        from ..job import PixelHint

        if isinstance(value, PixelHint):
            return value
        match = self._pattern.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is not a hint; write X,Y=#RRGGBB, for example 120,340=#4b5320")
        red, green, blue = bytes.fromhex(match[3])
        return PixelHint(int(match[1]), int(match[2]), (red, green, blue))


class NumberRange(click.FloatRange):
    """A range of numbers, which `nan` is not in."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not in the range {self._describe_range()}.", param, ctx)
        return number


class DeviceType(click.ParamType[str]):
    """`auto`, `cpu`, `mps`, `cuda` or `cuda:N`."""

    name = "auto|cpu|cuda[:N]|mps"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
            self.fail(f"{value!r} is not a device; write {self.name}")
        return str(value)


# A parameter is named like its long option: the environment's variable is named after it.
_COMMON: tuple[Callable[[Callable[..., Any]], Any], ...] = (
    click.argument("photos", nargs=-1, metavar="PHOTO..."),
    click.option(
        "-o",
        "--output",
        metavar="DIR|FILE|-",
        help="Folder, file, or - for standard output. Default: beside each photo.",
    ),
    click.option("--recursive", is_flag=True, help="Folders with all that is below them."),
    click.option(
        "--files-from", metavar="FILE|-", help="Read more photos' names from a file, one a line."
    ),
    click.option("-0", "--null", is_flag=True, help="Names in --files-from end with NUL."),
    click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        metavar="N",
        default=defaults.SEED,
        show_default=True,
        help="Same photo and seed, same bytes.",
    ),
    click.option(
        "--samples",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        help="Draw so many answers, for --save-samples or --confidence; the first is the result.",
    ),
    click.option("--save-samples", is_flag=True, help="Write every sample: PHOTO.WORD.s0.jpg ..."),
    click.option(
        "--confidence",
        is_flag=True,
        help="Write a map of how sure it is, by eight draws, of backends that draw samples: "
        "PHOTO.WORD.jpg.confidence.png.",
    ),
    click.option("--backend", metavar="NAME", help="What computes. Default: the task's first."),
    click.option(
        "--model", metavar="NAME", help="Whose weights: see `restore models list`. Default: ours."
    ),
    click.option(
        "--device", type=DeviceType(), default="auto", show_default=True, help="Where to compute."
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
        default="auto",
        show_default=True,
        help="Of the network's arithmetic.",
    ),
    click.option("--threads", type=click.IntRange(1), help="Cores to use. Default: all."),
    click.option("--jobs", type=click.IntRange(1), help="Photos at a time. Default: by cores."),
    click.option(
        "--max-pixels",
        type=click.IntRange(1),
        default=defaults.MAX_PIXELS,
        show_default=True,
        help="Refuse larger pictures before decoding them, and larger results.",
    ),
    click.option("--overwrite", is_flag=True, help="Write over whatever is at the output."),
    click.option("--skip-existing", is_flag=True, help="Leave every output that exists."),
    click.option("-n", "--dry-run", is_flag=True, help="Say what would be done; do nothing."),
    click.option("--json", is_flag=True, help="One JSON line a photo on stdout."),
    click.option("-q", "--quiet", is_flag=True, help="Only errors."),
    click.option("-v", "--verbose", is_flag=True, help="How long each stage took."),
)


mean = click.option(
    "--mean",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Make every answer the mean of N draws: N times the work, nearer to the truth on the "
    "whole, softer. Default: 1, of backends that draw.",
)
"""For tasks that draw pictures."""


class Shared(NamedTuple):
    """What the options that every task has were set to."""

    photos: tuple[str, ...]
    output: str | None
    recursive: bool
    files_from: str | None
    null: bool
    seed: int
    samples: int
    save_samples: bool
    confidence: bool
    backend: str | None
    model: str | None
    device: str
    precision: str
    threads: int | None
    jobs: int | None
    max_pixels: int
    overwrite: bool
    skip_existing: bool
    dry_run: bool
    json: bool
    quiet: bool
    verbose: bool


def common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that every task has, gathered as its first argument."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        shared = Shared(**{name: given.pop(name) for name in Shared._fields})
        command(shared, **given)

    for decorate in reversed(_COMMON):
        gathered = decorate(gathered)
    return gathered


def source_names(shared: Shared) -> list[str]:
    """Return the photos of the arguments and of `--files-from`, `-` for standard input."""
    from ..files import read_file_list

    names = list(shared.photos)
    if shared.null and shared.files_from is None:
        raise click.UsageError("-0 says how names in --files-from end; that was not given")
    if shared.files_from == "-":
        if "-" in names:
            raise click.UsageError("standard input cannot be a photo and the list of photos")
        if sys.stdin is None:
            raise click.UsageError("standard input is closed")
        names += map(str, read_file_list(sys.stdin.buffer, shared.null))
    elif shared.files_from is not None:
        try:
            with Path(shared.files_from).open("rb") as stream:
                names += map(str, read_file_list(stream, shared.null))
        except OSError as error:
            raise click.UsageError(
                f"cannot read {shared.files_from}: {reason_of(error)}"
            ) from error
    if "" in names or shared.output == "":
        raise click.UsageError("an empty name names nothing")
    if names.count("-") > 1:
        raise click.UsageError("'-' may stand for one photo only")
    if not names:
        raise click.UsageError("no photo given")
    return names
