"""One photo through one backend: `restore` looks, computes, and renders when asked."""

from .contract import check
from .enlarging import enlarged
from .restored import Confidence, Filled, NoiseFound, Restored
from .run import evidence_draws, restore
from .workers import Interrupted, Workers

__all__ = [
    "Confidence",
    "Filled",
    "Interrupted",
    "NoiseFound",
    "Restored",
    "Workers",
    "check",
    "enlarged",
    "evidence_draws",
    "restore",
]
