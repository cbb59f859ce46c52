"""Which tables are asked for on a command line, and how one is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict

import click

from .denoising.tables import Table


def chosen_of(
    known: Collection[str],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what makes a list with commas into names of tables that are known."""

    def names(context: click.Context, option: click.Parameter, value: str) -> list[str]:
        chosen = [name.strip() for name in value.split(",") if name.strip()]
        if unknown := [name for name in chosen if name not in known]:
            raise click.BadParameter(f"no table {unknown[0]!r}; there are {', '.join(known)}")
        return chosen

    return names


def told(table: Table, started: float) -> dict[str, object]:
    """Print a table, and how long it took since `started`; return all its figures."""
    seconds = round(time.monotonic() - started, 1)
    click.echo(f"{table.markdown()}\n\nMeasured in {seconds:g} s.\n")
    return {"seconds": seconds, "bars": [asdict(bar) for bar in table.bars], **table.numbers}
