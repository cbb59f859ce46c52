"""What every training program is asked on its command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import click
import torch

_OPTIONS = (
    click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--data", required=True, type=click.Path(exists=True, path_type=Path)),
    click.option("--out", required=True, type=click.Path(path_type=Path)),
    click.option(
        "--start",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Begin with the weights of an earlier run.",
    ),
    click.option("--minutes", type=float, help="Instead of the configuration's budget."),
    click.option(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", show_default=True
    ),
    click.option("--threads", type=int, default=0, help="CPU threads; 0: all."),
    click.option(
        "--session-minutes", type=float, help="Stop after so long; the next call goes on."
    ),
)


class Asked(NamedTuple):
    """What the options were set to."""

    config: Path
    data: Path
    out: Path  #: a folder, there by now
    start: Path | None
    minutes: float | None
    device: str
    threads: int
    session_minutes: float | None

    def budget(self, recipe: float) -> float:
        """Return how many minutes to train: the recipe's, unless others were asked for."""
        return recipe if self.minutes is None else self.minutes


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a training program its options, gathered as its first argument."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        asked = Asked(**{name: given.pop(name) for name in Asked._fields})
        if asked.threads:
            torch.set_num_threads(asked.threads)
        asked.out.mkdir(parents=True, exist_ok=True)
        command(asked, **given)

    for decorate in reversed(_OPTIONS):
        gathered = decorate(gathered)
    return gathered
