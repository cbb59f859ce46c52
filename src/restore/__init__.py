"""Restore photographs from the command line: offline, reproducible, honest about its guesses."""

__version__ = "0.1.0"
