"""Protocols and tables behind `scripts/evaluate_damage.py`: what is found of damage, and how right.

A finder is asked as the product asks it, for the mask that it would fill. It is measured where the
truth is known because it was drawn, by another program than the training's, and on old prints whose
damage a person traced.
"""
