"""Which tables are asked for on a command line, and how one is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from .denoising.tables import Table

Command = TypeVar("Command", bound=Callable[..., Any])


weights_option = click.option(
    "--weights",
    help="Default: those that ship.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)


def only_option(known: Collection[str], none: str = "") -> Callable[[Command], Command]:
    """Return the option that chooses tables, as a list; `none`: what is made without any."""

    def names(context: click.Context, option: click.Parameter, value: str) -> list[str]:
        chosen = [name.strip() for name in value.split(",") if name.strip()]
        if unknown := [name for name in chosen if name not in known]:
            raise click.BadParameter(f"no table {unknown[0]!r}; there are {', '.join(known)}")
        return chosen

    empty = f'; "" for none {none}' if none else ""
    return click.option(
        "--only",
        default=",".join(known),
        show_default=True,
        callback=names,
        help=f"Which tables, with commas{empty}.",
    )


def told(table: Table, started: float) -> dict[str, object]:
    """Print a table, and how long it took since `started`; return all its figures."""
    seconds = round(time.monotonic() - started, 1)
    click.echo(f"{table.markdown()}\n\nMeasured in {seconds:g} s.\n")
    return {"seconds": seconds, "bars": [asdict(bar) for bar in table.bars], **table.numbers}
