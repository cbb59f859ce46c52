"""The record's fields; `record.schema.json` says the same to other programs."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "restore-record/1"


@dataclass(frozen=True)
class Program:
    """What made the output."""

    name: str
    version: str


@dataclass(frozen=True)
class Picture:
    """A file with a picture."""

    name: str  #: without its folder; "-" for standard input or output
    sha256: str
    bytes: int
    width: int  #: pixels, upright
    height: int
    bits: int  #: a channel
    format: str


@dataclass(frozen=True)
class Input(Picture):
    """The picture that was read."""

    page: int  #: of a file with several, from 0
    path: str | None  #: from the output's folder to it, with /; None if there is no such way


@dataclass(frozen=True)
class Output(Picture):
    """The picture that was written."""


@dataclass(frozen=True)
class Weights:
    """A file of weights that was used, as it ships or was published."""

    name: str  #: of the model
    sha256: str
    bytes: int
    licence: str
    role: str = ""  #: which of the model's files; older records lack it, and what follows
    url: str = ""  #: where it is published; empty for one that ships
    note: str = ""  #: how its hash is known, of a file that was imported


@dataclass(frozen=True)
class Confidence:
    """How much of the result is a guess."""

    samples: int  #: true samples it was measured on
    constant: float  #: from a sample's spread to the error to expect, fitted on photographs
    #: of the picture, or of what was filled, where the error to expect is above CIEDE2000 10
    guessed_share: float
    mean_spread: float  #: CIE units of a*, b*; of what was filled, of L*, a*, b*


@dataclass(frozen=True)
class LevelAt:
    """The deviation of the noise where the photo has one brightness; both in 8-bit levels."""

    brightness: float
    level: float


@dataclass(frozen=True)
class Removed:
    """What a denoiser took away."""

    amount: float  #: root mean square, 8-bit levels
    mean_change: float  #: mean of its absolute values, 8-bit levels
    random_share: float  #: of its energy, that looks like noise and not like structure
    edge_correlation: float  #: -1 to 1: with the edges of what stayed
    whiteness: float  #: 0 to 1: how little a pixel says of the next


@dataclass(frozen=True)
class Noise:
    """What a photo's noise was taken to be, and what became of it."""

    route: str  #: "network", "median", "notch", "none", or two steps: "median+network"
    kind: str  #: of noise, likewise
    reason: str  #: why this route
    #: of R, G and B, 8-bit levels; empty if nothing measured it, or read more than noise can have
    level: tuple[float, ...]
    by_brightness: tuple[LevelAt, ...]
    by_network: Removed | None  #: before what looks like structure was given back
    removed: Removed | None
    sentence: str  #: the same in plain words, with the advice that follows


@dataclass(frozen=True)
class Filled:
    """What was filled of a photo, and by which mask."""

    mask: str  #: its name, without its folder; "auto" if it was found
    sha256: str | None  #: of its file; None if it was found
    polarity: str  #: what of it is filled
    threshold: int  #: 1 to 255: what is at least so bright is filled
    grow: int  #: pixels around it that were filled too
    groups: int  #: connected ones, corners included
    pixels: int
    share: float  #: of the picture
    sure: float | None  #: share of what was found that is likely damage; None: a person's mask
    sentence: str  #: the same in plain words


@dataclass(frozen=True)
class Companion:
    """Another file written beside the output."""

    kind: str  #: "confidence", "removed", "noise", "mask", "sample"
    name: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """The earlier step, when the input is itself an output of ours."""

    task: str
    fingerprint: str
    input_sha256: str  #: of what that step was made from


@dataclass(frozen=True)
class Record:
    """All that is known of one output; enough to make it again."""

    program: Program
    task: str
    input: Input
    output: Output
    seed: int
    samples: int
    steps: int | None  #: None for a backend that takes none
    #: every one, as resolved for the run, before the photo's route was known: scalars and lists
    options: dict[str, object]
    backend: str
    weights: tuple[Weights, ...]
    licence: str  #: what the weights' licences allow with the output; empty without weights
    device: str
    precision: str
    threads: int
    versions: dict[str, str]  #: of the libraries
    timings: dict[str, float]  #: seconds by stage
    warnings: tuple[str, ...]
    confidence: Confidence | None
    noise: Noise | None
    companions: tuple[Companion, ...]
    source: Source | None
    replaces: str | None  #: SHA-256 of the file of ours that the output takes the place of
    digital_source_type: str  #: the IPTC term that the output carries, a URI
    created: str  #: UTC, as `timestamp` writes it
    fingerprint: str  #: the same means: nothing to do
    schema: str = SCHEMA
    #: Companions of earlier results that were there when this one was made. They are not of this
    #: picture; `companions` of the same names have taken their places. Older records lack it.
    left: tuple[Companion, ...] = ()
    filled: Filled | None = None  #: Older records lack it.
