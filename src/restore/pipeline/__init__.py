"""One photo through one backend: `restore` looks, computes, and renders when asked."""

from .restored import Confidence, NoiseFound, Restored
from .run import evidence_draws, restore
from .workers import Interrupted, Workers

__all__ = [
    "Confidence",
    "Interrupted",
    "NoiseFound",
    "Restored",
    "Workers",
    "evidence_draws",
    "restore",
]
