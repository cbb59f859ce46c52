"""From one planned photo to its files, with everything that is loaded once per run."""

from __future__ import annotations

import os.path
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from .. import device, files, photo, record, registry
from ..backend import Backend, Finder, Task
from ..clock import Stopwatch
from ..errors import BackendError
from ..job import Job, MaskFile, Planned
from ..photo import Photo
from ..pipeline import Restored, Workers, check, enlarged, evidence_draws, restore
from ..record import Companion, Input, Output
from .describe import Describer
from .mask_file import mask_content, read_mask
from .outcome import Done
from .room import check_room
from .settled import settled
from .used import Used


@dataclass(frozen=True)
class _Read:
    """A photo as it came, and what its result will be compared with."""

    data: bytes  #: the file
    photo: Photo
    came: Input
    fingerprint: str
    mask: MaskFile | None

    @property
    def mask_sha256(self) -> str | None:
        return self.mask.sha256 if self.mask else None


class Engine:
    """A job's backend on its device, and the steps that every photo goes through."""

    def __init__(self, job: Job) -> None:
        """Load and verify everything; the only slow call.

        Raises:
            WeightsError: If weights are absent or differ from the lock.
            DeviceError: If the device is not usable.
            BackendError: If the backend cannot be loaded, or cannot serve the job.
        """
        device.freeze_arithmetic()
        device.keep_nothing_freed()
        self.job = job
        place = device.choose(job.device, job.precision)
        used = Used.of(job)
        self.backend: Backend = registry.load_class(job.entry).load(
            job.task,
            used.restorer.paths if used.restorer else {},
            job.options,
            place.device,
            place.dtype,
        )
        if self.backend.scale != job.scale:
            raise BackendError(
                f"{job.entry.name} enlarges {self.backend.scale} times, not {job.scale}",
                hint="this is a fault of the backend; choose another --backend",
            )
        check(self.backend, job)
        self._finder: Finder | None = None
        if used.finder:
            finder = registry.load_finder()
            self._finder = finder.load(used.finder.paths, place.device, place.dtype)
        self._describer = Describer(job, place, used)
        self._workers = Workers(job.threads)
        # A GPU's memory is planned for one photo at a time; on a CPU photos share the cores.
        on_cpu = place.device.type == "cpu"
        self._turn: AbstractContextManager[object] = nullcontext() if on_cpu else threading.Lock()

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that the run was told, for its log."""
        return self._describer.settings

    def stop(self) -> None:
        """Make every photo in progress give up at its next strip."""
        self._workers.stop()

    def restore(self, planned: Planned) -> Done:
        """Restore one photo, unless what is there is up to date.

        Raises:
            RestoreError: If it cannot be; nothing is left behind then.
            Interrupted: If `stop` was called.
        """
        if planned.error is not None:
            raise planned.error
        started, clock = time.perf_counter(), Stopwatch()
        with clock("read"):
            read = self._read(planned)
        if isinstance(read, Done):
            return read
        self._workers.check()
        with self._turn:
            mask = read.mask or self._finder
            restored = restore(read.photo, self.backend, self.job, self._workers, clock, mask)
        if self.job.scale > 1:
            with clock("enlarge"):
                larger = enlarged(read.photo, self.job.scale, self._workers)
            read = replace(read, photo=larger)
        return self._written(planned, read, restored, clock, started)

    def _read(self, planned: Planned) -> _Read | Done:
        """Read a photo, unless there is nothing to do."""
        output = planned.output
        data = photo.content(planned.source) if planned.source else planned.content
        digest = files.sha256_of(data)
        drawn = None if planned.mask is None else mask_content(planned.mask)
        masked = None if drawn is None else files.sha256_of(drawn)
        of_photo = partial(self._describer.fingerprint, digest, masked)
        if output is not None:
            why = settled(self.job, planned.source, output, of_photo)
            if why:
                return Done(planned.name, str(output), skipped=why)
        source = photo.read(data, max_pixels=self.job.max_pixels)
        named = files.FORMATS.get(planned.source.suffix.lower()) if planned.source else None
        if named not in (None, source.format):
            notice = f"its name says {named}, its content is {source.format}"
            source = replace(source, notices=(notice, *source.notices))
        height, width = source.pixels.shape[:2]
        came = Input(
            name=planned.source.name if planned.source else "-",
            sha256=digest,
            bytes=len(data),
            width=width,
            height=height,
            bits=8 * source.pixels.itemsize,
            format=source.format,
            page=source.page,
            path=_way(planned.source, output),
        )
        untouched = self.job.task is Task.INPAINT  # but for the holes
        source = photo.fitting(source, photo.format_of(output, source, lossless=untouched))
        if untouched:
            source = replace(source, lossless=True)
        mask = None
        if planned.mask is not None and drawn is not None:
            mask = read_mask(planned.mask, drawn, self.job.max_pixels)
        check_room(source, self.job, together=self._together())
        return _Read(data, source, came, of_photo(self.job.wanted), mask)

    def _together(self) -> int:
        """Return how many results exist at the same time, at their full size."""
        by_tiles = self.backend.limits.short_side is None and self.job.task is not Task.INPAINT
        # The others keep what is small, and make each result when it is asked for.
        return max(self.job.samples, evidence_draws(self.job)) if by_tiles else 1

    def _written(
        self, planned: Planned, read: _Read, restored: Restored, clock: Stopwatch, started: float
    ) -> Done:
        """Make the files of one result. The output appears last: it says that all is done."""
        source, output = read.photo, planned.output
        packet = self._describer.packet(source, read.came.sha256, 0, read.mask_sha256)
        height, width, encoded = self._encoded(read, restored, packet.data, clock)
        made = Output(
            name=output.name if output else "-",
            sha256=files.sha256_of(encoded),
            bytes=len(encoded),
            width=width,
            height=height,
            bits=8 if source.format in ("JPEG", "WEBP") else 8 * source.pixels.itemsize,
            format=source.format,
        )
        warnings = (*source.notices, *restored.notices, *packet.warnings)
        if restored.filled and encoded is not read.data:
            if source.converted:
                warnings += ("pixels outside the mask changed too: converting changed all",)
            if source.format == "JPEG":
                loss = "pixels outside the mask changed too: JPEG was asked for, and loses some"
                warnings += (loss,)
            elif made.bits < read.came.bits:
                loss = (
                    f"pixels outside the mask changed too: {source.format} holds {made.bits} bits"
                )
                warnings += (loss,)
        left = record.left_beside(output) if output is not None else ()
        with files.together() as write:
            companions = []
            if output is not None:
                files.make_folder(output.parent)
                write(output, encoded)
                companions = self._companions(output, read, restored, encoded, clock, write)
                replaced = {one.name for one in companions}
                if stay := [one.name for one in left if one.name not in replaced]:
                    warnings += (f"beside it, of an earlier result: {', '.join(stay)}",)
            described = self._describer.record(
                came=read.came,
                made=made,
                earlier=self._earlier(planned, read),
                doubt=restored.confidence,
                noise=restored.noise,
                filled=restored.filled,
                companions=companions,
                left=left,
                packet=packet,
                fingerprint=read.fingerprint,
                replaces=self._replaced(output),
                timings=clock.seconds,
                warnings=warnings,
            )
            if output is not None:
                self._workers.check()
                # Written last, so the first to appear: see `together`, and docs/design.md.
                write(files.record_path(output), record.to_json(described))
        return Done(
            planned.name,
            str(output) if output else "-",
            record=described,
            notices=warnings,
            seconds=time.perf_counter() - started,
            data=encoded if output is None else None,
        )

    def _encoded(
        self, read: _Read, restored: Restored, xmp: bytes, clock: Stopwatch
    ) -> tuple[int, int, bytes]:
        """Return the height, width and file of sample 0.

        A photo to which nothing was done is the file that came, to the last bit.
        """
        if restored.unchanged and read.photo.format == read.came.format:
            return read.came.height, read.came.width, read.data
        pixels = restored.render(0)
        with clock("encode"):
            encoded = photo.encode(read.photo, pixels, xmp=xmp)
        return *pixels.shape[:2], encoded

    def _replaced(self, output: Path | None) -> str | None:
        """Return the hash of the file that an output is about to take the place of."""
        return record.hash_of(output) if output is not None and output.is_file() else None

    def _earlier(self, planned: Planned, read: _Read) -> record.Source | None:
        """Return the step before this one, if the photo is itself a result of ours."""
        return record.source_of(planned.source, read.came.sha256) if planned.source else None

    def _companions(
        self,
        output: Path,
        read: _Read,
        restored: Restored,
        encoded: bytes,
        clock: Stopwatch,
        write: Callable[[Path, bytes], None],
    ) -> list[Companion]:
        """Write the maps and the samples that were asked for."""
        written = []

        def note(kind: str, path: Path, data: bytes) -> None:
            write(path, data)
            written.append(Companion(kind, path.name, files.sha256_of(data)))

        for kind, draw in restored.maps.items():
            shown = draw()
            with clock("encode"):
                note(kind, files.companion(output, kind), photo.encode_map(shown))
        if self.job.save_samples:
            note("sample", files.sample_path(output, 0), encoded)
            for sample in range(1, self.job.samples):
                pixels = restored.render(sample)
                packet = self._describer.packet(
                    read.photo, read.came.sha256, sample, read.mask_sha256
                )
                with clock("encode"):
                    data = photo.encode(read.photo, pixels, xmp=packet.data)
                    note("sample", files.sample_path(output, sample), data)
        return written


def _way(source: Path | None, output: Path | None) -> str | None:
    """Return the way from an output's folder to its source, with /; None if there is none."""
    if source is None or output is None or not source.is_file():  # a pipe is gone once read
        return None
    try:
        return Path(os.path.relpath(source, output.parent)).as_posix()
    except ValueError:  # on another of Windows' disks
        return None
