"""Where the lock and the files of weights belong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def lock_path() -> Path:
    """Return where `weights.lock` is: in an installed package, else at the top of a checkout."""
    installed = PACKAGE / "weights.lock"
    return installed if installed.is_file() else PACKAGE.parents[1] / "weights.lock"


def shipped_folder() -> Path:
    """Return where the weights lie that come with the package."""
    return PACKAGE / "models"


def cache_folder() -> Path:
    """Return where all other weights belong; `RESTORE_CACHE` moves it."""
    if chosen := os.environ.get("RESTORE_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "restore"
