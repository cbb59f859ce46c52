"""Protocols, rivals and tables behind `scripts/evaluate_resshift.py`.

Pictures are 8-bit sRGB arrays, (H, W, 3), as a user's files are. The three protocols (`worn`,
`holes`, `reducing`) were fixed before training and share no code with the training's damage
but elementary operations.
"""
