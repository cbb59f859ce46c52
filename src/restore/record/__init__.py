"""What was done to a photo: its record beside it, the packet inside it, the log of a run."""

from .decode import from_json, to_json
from .fingerprint import fingerprint
from .mark import is_marked, is_result
from .model import (
    SCHEMA,
    Companion,
    Confidence,
    Filled,
    Input,
    LevelAt,
    Noise,
    Output,
    Program,
    Record,
    Removed,
    Source,
    Weights,
)
from .runlog import RunLog, timestamp
from .sidecar import (
    Unreadable,
    digests,
    hash_of,
    is_ours,
    is_whole,
    left_beside,
    other_source,
    read_record,
    source_of,
)
from .xmp import Packet, Step, xmp_packet

__all__ = [
    "SCHEMA",
    "Companion",
    "Confidence",
    "Filled",
    "Input",
    "LevelAt",
    "Noise",
    "Output",
    "Packet",
    "Program",
    "Record",
    "Removed",
    "RunLog",
    "Source",
    "Step",
    "Unreadable",
    "Weights",
    "digests",
    "fingerprint",
    "from_json",
    "hash_of",
    "is_marked",
    "is_ours",
    "is_result",
    "is_whole",
    "left_beside",
    "other_source",
    "read_record",
    "source_of",
    "timestamp",
    "to_json",
    "xmp_packet",
]
