"""One photo through one backend: `restore` looks, computes, and renders when asked."""

from .enlarging import enlarged
from .restored import Confidence, Filled, NoiseFound, Restored
from .run import restore
from .workers import Interrupted, Workers

__all__ = [
    "Confidence",
    "Filled",
    "Interrupted",
    "NoiseFound",
    "Restored",
    "Workers",
    "enlarged",
    "restore",
]
