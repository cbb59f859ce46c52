"""What of a photo is damaged: masks, their connected groups, which likelihoods are damage."""

from .damage import Damage, damage_of, together
from .detect import find_lonely
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
    "damage_of",
    "depths",
    "find_lonely",
    "groups_of",
    "grown",
    "opacity",
    "together",
]
