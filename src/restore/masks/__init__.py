"""What of a photo is damaged: masks, their connected groups, and a detector of scratches."""

from .detect import Damage, find_damage
from .groups import Groups, Mask, Numbers, count_groups, groups_of
from .holes import CELL, Holes, Values, depths, grown, opacity

__all__ = [
    "CELL",
    "Damage",
    "Groups",
    "Holes",
    "Mask",
    "Numbers",
    "Values",
    "count_groups",
    "depths",
    "find_damage",
    "groups_of",
    "grown",
    "opacity",
]
