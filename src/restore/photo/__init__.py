"""Photos: read into the file's own integers, and written back with all that they carried."""

from .enlarged import enlarged
from .photo import Photo, Pixels
from .read import content, is_cut_short, read
from .write import JPEG_SEGMENT, check_format, encode, encode_map, fitting, format_of

__all__ = [
    "JPEG_SEGMENT",
    "Photo",
    "Pixels",
    "check_format",
    "content",
    "encode",
    "encode_map",
    "enlarged",
    "fitting",
    "format_of",
    "is_cut_short",
    "read",
]
