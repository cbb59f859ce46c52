"""Protocols, rivals and tables behind `scripts/evaluate_denoiser.py`.

Pictures are 8-bit sRGB arrays, (H, W, 3), as a user's files are.
"""
