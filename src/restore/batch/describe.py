"""What a run says of itself: in the fingerprint, in the packet inside a file, in its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import Any

from .. import __version__, record
from ..device import Place
from ..evidence import Removed
from ..job import MOST_LEVEL, Job
from ..photo import JPEG_SEGMENT, Photo
from ..pipeline import Confidence, Filled, NoiseFound
from ..record import Packet, Program, Record, Step
from ..weights import Verified
from .used import Used

PROGRAM = Program("restore", __version__)
LIBRARIES = ("torch", "numpy", "pillow", "tifffile", "imagecodecs", "safetensors")


class Describer:
    """Knows the job, the place and the weights; is told the rest, photo by photo."""

    def __init__(self, job: Job, place: Place, used: Used) -> None:
        self._job, self._place = job, place
        self._weights = tuple(one for model in used.models for one in _weights(model))
        self._picture = {
            **job.picture_settings,
            "device": str(place.device),
            "precision": place.precision,
        }
        self._options = {**self._picture, **job.wanted}
        self._versions = {"python": python_version(), **_versions()}

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that the run was told, for its log."""
        return {**self._options, "jobs": self._job.jobs, "threads": self._job.threads}

    def fingerprint(
        self, input_sha256: str, mask_sha256: str | None, wanted: Mapping[str, object]
    ) -> str:
        """Return the hash of everything that a photo's files follow from.

        Args:
            input_sha256: Of the photo.
            mask_sha256: Of its mask; None if it has none.
            wanted: What is made besides the picture, as `Job.wanted`.
        """
        return self._hash(input_sha256, _masked({**self._picture, **wanted}, mask_sha256))

    def packet(
        self, photo: Photo, input_sha256: str, sample: int, mask_sha256: str | None = None
    ) -> Packet:
        """Return the XMP that one sample carries; it knows nothing of other files of the run."""
        job, picture = self._job, {**_masked(self._picture, mask_sha256), "sample": sample}
        step = Step(
            program=PROGRAM.name,
            version=PROGRAM.version,
            task=str(job.task),
            backend=job.entry.name,
            models=tuple(self._names()),
            parameters="; ".join(f"{name}={value}" for name, value in sorted(picture.items())),
            fingerprint=self._hash(input_sha256, picture),
            invents=job.entry.invents,
        )
        return record.xmp_packet(
            photo.xmp, step, longest=JPEG_SEGMENT if photo.format == "JPEG" else None
        )

    def _names(self) -> Iterator[str]:
        """Yield each file of weights: its model, its role if that has several, its hash."""
        files = Counter(one.name for one in self._weights)
        for one in self._weights:
            role = f" {one.role}" if files[one.name] > 1 else ""
            yield f"{one.name}{role} sha256:{one.sha256}"

    def _hash(self, input_sha256: str, options: Mapping[str, object]) -> str:
        return record.fingerprint(
            input_sha256=input_sha256,
            task=str(self._job.task),
            options=options,
            weights=[one.sha256 for one in self._weights],
            version=PROGRAM.version,
        )

    def record(
        self,
        *,
        came: record.Input,
        made: record.Output,
        earlier: record.Source | None,
        doubt: Confidence | None,
        noise: NoiseFound | None,
        filled: Filled | None,
        companions: Sequence[record.Companion],
        left: Sequence[record.Companion],
        packet: Packet,
        fingerprint: str,
        replaces: str | None,
        timings: dict[str, float],
        warnings: Sequence[str],
    ) -> Record:
        """Return the record of one output."""
        job = self._job
        return Record(
            program=PROGRAM,
            task=str(job.task),
            input=came,
            output=made,
            seed=job.seed,
            samples=job.samples,
            steps=int(job.options["steps"]) if "steps" in job.options else None,
            options=_masked(self._options, filled.sha256 if filled else None),
            backend=job.entry.name,
            weights=self._weights,
            licence="; ".join(sorted({one.licence for one in self._weights})),
            device=str(self._place.device),
            precision=self._place.precision,
            threads=job.threads,
            versions=self._versions,
            timings={stage: round(seconds, 4) for stage, seconds in timings.items()},
            warnings=tuple(warnings),
            confidence=_confidence(doubt),
            noise=_noise(noise),
            companions=tuple(companions),
            left=tuple(left),
            filled=_filled(filled, job, companions),
            source=earlier,
            replaces=replaces,
            digital_source_type=packet.digital_source_type,
            created=record.timestamp(),
            fingerprint=fingerprint,
        )


def _weights(used: Verified) -> tuple[record.Weights, ...]:
    """Say of every file what it is, and what it may be used for; how it is known, if imported."""
    return tuple(
        record.Weights(
            name=used.entry.name,
            sha256=one.sha256,
            bytes=one.bytes,
            licence=used.entry.licence,
            role=role,
            url=one.file.url,
            note=str(one.known) if one.file.is_pickle else "",
        )
        for role, one in used.files.items()
    )


def _confidence(doubt: Confidence | None) -> record.Confidence | None:
    if doubt is None:
        return None
    return record.Confidence(
        doubt.draws,
        _rounded(doubt.error_per_spread),
        round(doubt.guessed_share, 2),  # another seed's draws move the second digit
        _rounded(float(doubt.spread.mean())),
    )


def _noise(found: NoiseFound | None) -> record.Noise | None:
    if found is None:
        return None
    levels = found.levels
    first = found.detected
    steps = (first, first.then) if first.then else (first,)
    return record.Noise(
        route="+".join(str(step.route) for step in steps),
        kind="+".join(str(step.kind) for step in steps),
        reason="; then ".join(step.reason for step in steps),
        level=()
        if levels is None or levels.is_beyond
        else tuple(_rounded(level) for level in levels.typical),
        by_brightness=()
        if levels is None
        else tuple(
            record.LevelAt(_rounded(at), _rounded(level))
            for at, level in levels.by_brightness()
            if level < MOST_LEVEL
        ),
        by_network=_removed(found.first),
        removed=_removed(found.last),
        sentence=found.sentence,
    )


def _masked(options: Mapping[str, object], mask_sha256: str | None) -> dict[str, object]:
    """Return options with the mask that they hold for; its name changes no pixel."""
    return {**options, **({"mask": f"sha256:{mask_sha256}"} if mask_sha256 else {})}


def _filled(
    filled: Filled | None, job: Job, companions: Sequence[record.Companion]
) -> record.Filled | None:
    if filled is None:
        return None
    groups = f"{filled.groups:,} place{'s' * (filled.groups != 1)}"
    verb = "to be filled:" if job.entry.rehearses else "filled"
    sentence = f"{verb} {groups}, {_percent(filled.share)} of the picture"
    if filled.sure is not None and filled.pixels:
        written = [one.name for one in companions if one.kind == "mask"]
        look = f"look at {written[0]}" if written else "look with --write-mask"
        sure = f"about {10 * round(10 * filled.sure)}%"
        one, several = (
            f"{sure} sure that it is damage",
            f"{sure} of what was found is likely damage",
        )
        sentence += f"; {one if filled.groups == 1 else several}: {look}"
    return record.Filled(
        mask=filled.mask,
        sha256=filled.sha256,
        polarity="white is filled",
        threshold=job.masking.threshold,
        grow=job.masking.grow,
        groups=filled.groups,
        pixels=filled.pixels,
        share=round(filled.share, 6),
        sure=None if filled.sure is None else round(filled.sure, 2),
        sentence=sentence if filled.pixels else "nothing was filled",
    )


def _percent(share: float) -> str:
    """Return a share as people say it.

    >>> _percent(0.031), _percent(0.00001)
    ('3.1%', 'under 0.01%')
    """
    return "under 0.01%" if share < 0.0001 else f"{100 * share:.2g}%"


def _removed(layer: Removed | None) -> record.Removed | None:
    if layer is None:
        return None
    return record.Removed(
        amount=_rounded(layer.amount),
        mean_change=_rounded(layer.mean_change),
        random_share=_rounded(layer.random_share),
        edge_correlation=_rounded(layer.edge_correlation),
        whiteness=_rounded(layer.whiteness),
    )


def _rounded(measured: float) -> float:
    """Return a measurement with the digits that mean something: four after the point.

    Further ones differ from device to device, and say nothing of a photo.
    """
    return round(float(measured), 4)


def _versions() -> dict[str, str]:
    """Return the versions of the libraries that are there."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # present in another form, as on a cluster
            found[name] = "unknown"
    return found
