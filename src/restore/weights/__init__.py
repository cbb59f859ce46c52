"""Weights are locked data: what `weights.lock` says, where files are, whether they are those.

Light: without torch, which only importing a published file needs (`weights.importing`).
"""

from .entries import File, Locked, find, lock
from .notes import Known, Note, known, note_path, read_note
from .places import cache_folder, lock_path
from .verify import Checked, Verified, Where, is_there, lacking, verified, where

__all__ = [
    "Checked",
    "File",
    "Known",
    "Locked",
    "Note",
    "Verified",
    "Where",
    "cache_folder",
    "find",
    "is_there",
    "known",
    "lacking",
    "lock",
    "lock_path",
    "note_path",
    "read_note",
    "verified",
    "where",
]
