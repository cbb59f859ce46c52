"""What an output says it is: terms of IPTC's vocabulary of digital source types.

Source: https://cv.iptc.org/newscodes/digitalsourcetype/, version of 2024-10-23.
"""

from __future__ import annotations

_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_ENHANCED = "algorithmicallyEnhanced"  # the main content is unchanged
_INVENTED = "compositeWithTrainedAlgorithmicMedia"  # "Edited using Generative AI"
_STRENGTH = (_ENHANCED, _INVENTED, "compositeSynthetic", "trainedAlgorithmicMedia")

_TERM = {
    "colorize": _INVENTED,
    "denoise": _ENHANCED,
    "inpaint": _INVENTED,
    "upscale": _INVENTED,
}


def digital_source_type(task: str, earlier: str = "", *, invents: bool | None = None) -> str:
    """Return the term for a task's output, a URI; the stronger of it and the source's wins.

    A backend that `invents` makes of any task one that adds what was not there; one that does not,
    of any task one that adds nothing. None: as the task mostly does.

    Terms for how a photograph was captured are weaker than any of ours.

    >>> digital_source_type("denoise")
    'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced'
    """
    own = _TERM[task] if invents is None else (_INVENTED if invents else _ENHANCED)
    before = earlier.strip().rstrip("/").rpartition("/")[2]
    if before in _STRENGTH and _STRENGTH.index(before) > _STRENGTH.index(own):
        own = before
    return _VOCABULARY + own
