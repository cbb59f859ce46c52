"""`python -m restore`."""

from .cli import main

main()
