"""`python -m restore`."""

from .cli import main

main(prog_name="restore")
