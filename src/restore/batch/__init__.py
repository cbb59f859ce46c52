"""Many photos, or one: the same path. Imported only when there is something to restore."""

from .local import run
from .noise_map import read_noise_map
from .outcome import Done, Failed, Report, Result, result_line
from .preview import preview

__all__ = [
    "Done",
    "Failed",
    "Report",
    "Result",
    "preview",
    "read_noise_map",
    "result_line",
    "run",
]
