"""Processes, photographs and rows behind `scripts/bench_*.py`."""
