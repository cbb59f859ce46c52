"""A table of results, with what it is held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..report import Bar, bars_table


@dataclass(frozen=True)
class Table:
    """What one part of the evaluation found."""

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    bars: Sequence[Bar] = ()
    notes: Sequence[str] = ()
    numbers: Mapping[str, object] = field(default_factory=dict)  #: every figure, for a file

    def markdown(self) -> str:
        """Return the table, its notes and its bars as Markdown."""
        parts = [f"## {self.title}"]
        if self.rows:
            lines = [self.columns, ["---"] * len(self.columns), *self.rows]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        parts += self.notes
        if self.bars:
            parts.append(bars_table(self.bars))
        return "\n\n".join(parts)


def skipped(title: str) -> Table:
    """Return what is said of a part that there are no photographs for."""
    return Table(title, notes=["Skipped: there are no photographs for it."])


def at_least(what: str, value: float, bar: float, gpu: float | None = None, unit: str = "") -> Bar:
    """Hold a value against what it must reach, trained on a CPU or, as a second bar, on a GPU."""
    shown = f"{bar:g}{unit}"
    if gpu is not None:
        reached = "yes" if value >= gpu else "no"
        shown += f" (trained on a GPU {gpu:g}{unit}: {reached})"
    return Bar(what, f"{value:.2f}{unit}", shown, value >= bar)


def share(what: str, value: float, bar: float, at_most: bool = False) -> Bar:
    """Hold a share, 0 to 1, against the least, or the most, that it may be."""
    holds = value <= bar if at_most else value >= bar
    return Bar(what, f"{value:.1%}", f"{bar:.0%} or {'less' if at_most else 'more'}", holds)
