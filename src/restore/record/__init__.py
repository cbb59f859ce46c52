"""What was done to a photo: its record beside it, the packet inside it, the log of a run."""

from .decode import from_json, to_json
from .fingerprint import fingerprint
from .mark import is_marked
from .model import (
    SCHEMA,
    Companion,
    Confidence,
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
    is_ours,
    other_source,
    read_record,
    remove_companions,
    source_of,
    up_to_date,
    was_altered,
    write_record,
)
from .xmp import Packet, Step, xmp_packet

__all__ = [
    "SCHEMA",
    "Companion",
    "Confidence",
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
    "fingerprint",
    "from_json",
    "is_marked",
    "is_ours",
    "other_source",
    "read_record",
    "remove_companions",
    "source_of",
    "timestamp",
    "to_json",
    "up_to_date",
    "was_altered",
    "write_record",
    "xmp_packet",
]
