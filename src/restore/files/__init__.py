"""Which photos there are, what their results are called, and files that appear whole.

Light: standard library only, so that a plan costs no imports.
"""

from .find import FORMATS, Finds, Format, Found, find_photos, read_file_list
from .masks import MaskFolder, without_masks
from .plan import (
    Target,
    clash,
    companion,
    companions,
    in_use,
    is_folder,
    is_free,
    obstacle,
    plan_outputs,
    record_path,
    sample_path,
)
from .sniff import HEAD, format_of_head, sniffed
from .write import make_folder, remove_leftovers, sha256_of, together

__all__ = [
    "FORMATS",
    "HEAD",
    "Finds",
    "Format",
    "Found",
    "MaskFolder",
    "Target",
    "clash",
    "companion",
    "companions",
    "find_photos",
    "format_of_head",
    "in_use",
    "is_folder",
    "is_free",
    "make_folder",
    "obstacle",
    "plan_outputs",
    "read_file_list",
    "record_path",
    "remove_leftovers",
    "sample_path",
    "sha256_of",
    "sniffed",
    "together",
    "without_masks",
]
