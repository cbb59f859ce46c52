"""Processes, photographs and rows behind `scripts/bench_colorize.py`."""
