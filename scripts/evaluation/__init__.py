"""Measures, baselines and pictures behind `scripts/evaluate_colorizer.py`."""
