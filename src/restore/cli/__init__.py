"""The command line: parse, call, print. The only printer and the only exiter."""

from .main import main

__all__ = ["main"]
