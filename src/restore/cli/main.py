"""The group of commands, and the one place where errors become a line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .. import __version__
from ..errors import ExitCode, RestoreError
from .colorize import colorize
from .console import error_lines, say
from .denoise import denoise
from .inpaint import inpaint
from .models import models
from .upscale import upscale

EPILOG = """\b
Examples:
  restore colorize photo.jpg --seed 42
  restore colorize scans/ -o colour/ --recursive
  restore denoise night.jpg --removed
  restore inpaint print.tif --mask scratches.png
  restore upscale small.jpg --scale 4
  find . -name '*.tif' -print0 | restore colorize --files-from - -0 -o out/
  cat in.png | restore colorize - -o - > out.png
"""


class Commands(click.Group):
    """Turns our errors into one line, one hint and one exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _quiet_if_closed(ctx):  # --help prints here
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            with _quiet_if_closed(ctx):
                return super().invoke(ctx)
        except RestoreError as error:
            for line in error_lines(error):
                say(line)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted; finished photos are kept", err=True)
            ctx.exit(ExitCode.INTERRUPTED)


@contextmanager
def _quiet_if_closed(ctx: click.Context) -> Iterator[None]:
    """Exit without a word when the reader of our pipe is gone."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain again when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(ExitCode.PIPE_CLOSED)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "RESTORE"},
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="restore")
def main() -> None:
    """Restore photographs: offline, reproducible, honest about its guesses.

    Originals are never written to. Every result has its record beside it.
    """


main.add_command(colorize)
main.add_command(denoise)
main.add_command(inpaint)
main.add_command(upscale)
main.add_command(models)
