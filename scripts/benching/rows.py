"""Rows of a table of measures, each with its bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import click

from .processes import Report

Bench = TypeVar("Bench")

MEGABYTE = 1e6
HEAD = "| what | measured | bar | measured / bar | holds |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One measure and its bar: a value that must not be above it; None: it is told, not judged."""

    what: str
    value: float
    bar: float | None
    unit: str = ""
    note: str = ""

    def __str__(self) -> str:
        measured = f"{self.value:.3g}{self.unit}{f' ({self.note})' if self.note else ''}"
        if self.bar is None:
            return f"| {self.what} | {measured} | - | - | - |"
        ratio = f"{self.value / self.bar:.2f}" if self.bar else "-"
        holds = "yes" if self.value <= self.bar else "no"
        return f"| {self.what} | {measured} | {self.bar:g}{self.unit} | {ratio} | {holds} |"


def memory(what: str, run: Report, bar: float | None, note: str = "") -> Row:
    """Return a row of peak memory, imports included."""
    return Row(what, run.peak / MEGABYTE, bar, " MB", note)


def show(
    parts: Mapping[str, Callable[[Bench], Iterable[Row]]], only: str | None, bench: Bench
) -> None:
    """Print the rows of every part, or of the only one that is wanted, as they are measured."""
    for part, measure in parts.items():
        if only in (None, part):
            for row in measure(bench):
                click.echo(row)
