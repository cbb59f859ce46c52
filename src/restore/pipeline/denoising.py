"""Denoise one photo: measure, choose a route, remove, and give back what was not noise.

The backend only removes. How strong the noise is taken to be, which route is right, how much of
the removed layer goes and what is said of it is decided here, the same for every backend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from .. import evidence, routes
from ..backend import LEVEL_CELL, Backend, Draws, Guidance
from ..clock import Stopwatch
from ..job import MAP_UNIT, Job, Keep, NoiseKind
from ..photo import Photo
from ..resample import strips
from ..routes import Detected, Route
from . import tiled
from .doubt import no_doubt
from .levels import LEVELS, LevelMap
from .restored import NoiseFound, Pixels, Restored
from .routing import detected_in, known, levels_of, mended
from .views import under_levels
from .workers import Workers

_LEAST_PIXELS = 64 * 64  # of a photo that structure can be told from noise in
_LEAST_SIDE = 24  # likewise: each block of 8 is judged with its neighbours

_MAY_HARM = (
    "no noise was found: a photo that is not blurred or badly compressed either comes to harm; "
    "compare before you keep the result"
)

#: what is said of classical filters that found nothing, and of those that found something
_IN_VAIN = {
    Route.MEDIAN: "no single black or white pixels were found",
    Route.NOTCH: "neither a regular pattern nor uneven rows were found",
}
_FILTERED = {
    Route.MEDIAN: "single black and white pixels were replaced",
    Route.NOTCH: "the pattern was taken out",
}


def restore(
    photo: Photo, backend: Backend, job: Job, draws: Draws, workers: Workers, clock: Stopwatch
) -> Restored:
    """Denoise a photo as its job wants it.

    Where no network is asked, nothing is a guess.

    Raises:
        BackendError: If the backend broke its contract.
        DeviceError: If memory does not suffice for the smallest tile.
    """
    wanted = job.denoising
    with clock("levels"):
        levels = levels_of(photo, backend, job, workers)
    with clock("detect"):
        detected = detected_in(photo, job, levels)
    if levels is not None and wanted.sigma is None:
        if wanted.noise is NoiseKind.GAUSSIAN:
            levels = levels.uniform()
        if wanted.noise is NoiseKind.SENSOR:
            levels = levels.of_brightness()
    one = _Denoising(photo, job, draws, workers, clock, detected, levels)
    if detected.route is Route.NONE or wanted.strength == 0:
        return one.untouched()
    if detected.route is not Route.NETWORK:
        with clock(str(detected.route)):
            cleaned = mended(photo.pixels, detected)
        if cleaned is not None and wanted.noise is NoiseKind.AUTO:
            both = _network_after(one, cleaned, backend)
            if both is not None:
                return both
        return one.filtered(cleaned)
    made = one.by_network(backend)
    return _doubted(made, one.finished(one.samples_of(made)))


def _doubted(made: Restored, finished: Restored) -> Restored:
    """Add to a result the doubt of what a backend made, if there is any."""
    if made.confidence is None:
        return finished
    return replace(finished, confidence=made.confidence, maps={**finished.maps, **made.maps})


def _network_after(one: _Denoising, cleaned: Pixels, backend: Backend) -> Restored | None:
    """Let the network go on from what a classical route mended; None if nothing is left."""
    photo = replace(one.photo, pixels=cleaned)
    with one.clock("levels"):
        levels = levels_of(photo, backend, one.job, one.workers)
    with one.clock("detect"):
        left = routes.remaining(cleaned, known(levels))
    if left.route is Route.NONE and not one.job.entry.mends:
        return None
    left = replace(left, route=Route.NETWORK)
    rest = replace(one, photo=photo, detected=left, levels=levels)
    made = rest.by_network(backend)
    samples = rest.samples_of(made)
    then = rest.finished(samples)
    return None if then.unchanged else _doubted(made, one.gone_on(cleaned, samples, then))


@dataclass(frozen=True)
class _Denoising:
    """One photo on its way, and what is known of its noise."""

    photo: Photo
    job: Job
    draws: Draws
    workers: Workers
    clock: Stopwatch
    detected: Detected
    levels: LevelMap | None

    def by_network(self, backend: Backend) -> Restored:
        """Return what the backend makes of the photo, before anything is given back."""
        guidance = Guidance(noise_map=None if self.levels is None else self.levels.level)
        return tiled.restore(
            self.photo, backend, self.job, guidance, self.draws, self.workers, self.clock
        )

    def samples_of(self, made: Restored) -> list[Pixels]:
        """Return the pictures that are wanted of what a backend made."""
        return [made.render(sample) for sample in range(self.job.samples)]

    def gone_on(self, cleaned: Pixels, samples: list[Pixels], then: Restored) -> Restored:
        """Give back what the network made of the mended photo, and tell of both steps.

        Args:
            cleaned: What the classical route made of the photo.
            samples: What the network made of that, finished.
            then: The same, with what is known of it.
        """
        assert then.noise is not None
        if (strength := self.job.denoising.strength) < 1:
            for sample in samples:
                self._put_back(sample, cleaned, 1 - strength)
        changed = f"{self._changed(cleaned):.1%} of the pixels changed"
        left = f"noise of {then.noise.detected.level:.1f} levels was left to the network"
        noise = replace(
            then.noise,
            detected=replace(self.detected, then=then.noise.detected),
            sentence=f"{self.detected.reason}: {changed}; {left}: {then.noise.sentence}",
        )
        maps = replace(self, levels=then.noise.levels)._maps(samples[0])
        return replace(then, noise=noise, maps=maps)

    def untouched(self) -> Restored:
        """Give the photo back as it is."""
        by_wish = self.job.denoising.strength == 0
        sentence = "nothing was removed: --strength 0" if by_wish else self.detected.reason
        return self._as_it_was(self.detected, sentence)

    def passed_through(self) -> Restored:
        """Give the photo back as it is: the backend found nothing to remove, or never does."""
        by = f"backend {self.job.entry.name!r} changed nothing"
        detected = replace(self.detected, route=Route.NONE, reason=f"{self.detected.reason}; {by}")
        return self._as_it_was(detected, f"nothing was removed: {by}")

    def filtered(self, cleaned: Pixels | None) -> Restored:
        """Give back what a classical filter made of the photo; None: it found nothing."""
        by_wish = self.job.denoising.noise is not NoiseKind.AUTO
        if cleaned is None or (by_wish and not self._changed(cleaned)):
            in_vain = _IN_VAIN[self.detected.route]
            reason = f"{self.detected.reason}, but {in_vain}"
            detected = replace(self.detected, route=Route.NONE, reason=reason)
            return self._as_it_was(detected, f"{in_vain}: nothing was changed")
        restored, keep = self.finished([cleaned]), self.job.denoising.keep
        if keep in (None, Keep.NONE):
            return restored
        route = self.detected.route
        notice = (
            f"--keep {keep} is for the network: nothing of what the {route} took was given back"
        )
        return replace(restored, notices=(*restored.notices, notice))

    def _as_it_was(self, detected: Detected, sentence: str) -> Restored:
        found = NoiseFound(detected, self.levels, None, None, sentence)
        return Restored(
            lambda sample: self.photo.pixels, noise=found, unchanged=True, maps=self._maps(None)
        )

    def finished(self, samples: list[Pixels]) -> Restored:
        """Give back what must stay, in place; measure what was removed, before and after."""
        keep = self.job.kept
        by_network = self.detected.route is Route.NETWORK
        with self.clock("evidence"):
            first = self._removed(samples[0]) if by_network else None
            if first is not None and first.amount == 0:
                return self.passed_through()
            went = 1.0
            if first is not None and self.job.denoising.sigma is not None:
                for sample in samples:
                    self._keep_to_level(sample)
                taken, first = first, self._removed(samples[0])
                went = first.amount / taken.amount
            for sample in samples:
                if by_network and keep is Keep.DETAIL:
                    self._keep_detail(sample)
                elif by_network and keep is Keep.GRAIN:
                    self._keep_grain(sample)
                elif self.job.denoising.strength < 1:
                    self._blend(sample, lambda top, bottom: 1.0, self.job.denoising.strength)
            last = self._removed(samples[0], first)
        height, width = self.photo.pixels.shape[:2]
        is_tiny = height * width < _LEAST_PIXELS or min(height, width) < _LEAST_SIDE
        if by_network and is_tiny and last.amount:
            sentence = "it was denoised; it is too small to tell what of that was structure"
        elif by_network and self.job.entry.mends:
            sentence = f"changed by {last.amount:.1f} levels (RMS); detail that it adds is a guess"
        elif by_network:
            sentence = self._advice(first, last, went)
        else:
            by_wish = self.job.denoising.noise is not NoiseKind.AUTO
            why = _FILTERED[self.detected.route] if by_wish else self.detected.reason
            sentence = f"{why}: {self._changed(samples[0]):.1%} of the pixels changed"
        found = NoiseFound(self.detected, self.levels, first, last, sentence)
        # Asked to mend a photo that may need no mending, a network changes it all the same.
        is_clean = self.job.entry.mends and self.detected.kind == "clean" and last.amount > 0
        return Restored(
            lambda sample: samples[sample],
            noise=found,
            unchanged=last.amount == 0,
            maps=self._maps(samples[0]),
            notices=(_MAY_HARM,) if is_clean else (),
        )

    def _strips(self) -> list[tuple[int, int]]:
        height, width = self.photo.pixels.shape[:2]
        return list(strips(height, width, multiple_of=LEVEL_CELL))

    def _advice(self, first: evidence.Removed | None, last: evidence.Removed, went: float) -> str:
        """Return what is said of it; `went` is the share that the told level let go."""
        wanted = self.job.denoising
        taken = wanted.strength * first.amount if first else 0.0
        given_back = (
            1 - (last.amount / taken) ** 2 if taken and self.job.kept is Keep.DETAIL else 0.0
        )
        return evidence.advice(last, wanted.strength * min(1.0, round(went, 1)), given_back)

    def _removed(self, after: Pixels, first: evidence.Removed | None = None) -> evidence.Removed:
        """Return what was removed, judged as what was removed at first was."""
        statistics = evidence.RemovedStatistics(after.shape[:2], self._expected())

        def add(rows: tuple[int, int]) -> None:
            top, bottom = rows
            statistics.add(top, self.photo.pixels[top:bottom], after[top:bottom])

        self.workers.each(add, self._strips())
        return statistics.result(first.believed if first else None)

    def _expected(self) -> Tensor | None:
        """Return the level of the noise that brightness leads to expect, in 8-bit levels.

        Not that of the place: where texture is taken for noise, it is taken for it there alone.
        A level that a person gave says nothing of what the photo has.
        """
        if self.levels is None or self.job.denoising.sigma is not None:
            return None
        return self.levels.of_brightness().level.mean(0) * LEVELS

    def _changed(self, after: Pixels) -> float:
        """Return the share of the pixels that are not what they were."""

        def count(rows: tuple[int, int]) -> int:
            part = slice(*rows)
            return int((self.photo.pixels[part] != after[part]).any(axis=2).sum())

        changed = sum(self.workers.each(count, self._strips()))
        return changed / (after.shape[0] * after.shape[1])

    def _keep_to_level(self, after: Pixels) -> None:
        """Give back what is more than noise of the told level; all of it where that is 0."""
        assert self.levels is not None  # it was told
        before = self.photo.pixels

        def energy(rows: tuple[int, int]) -> np.ndarray:
            return evidence.energy_of(before[slice(*rows)], after[slice(*rows)])

        told = self.levels.level.mean(0) * LEVELS
        energies = np.concatenate(self.workers.each(energy, self._strips()))
        most = evidence.Kept(evidence.most_that_goes(energies, told), after.shape[:2])
        none = (told == 0).numpy()

        def share(top: int, bottom: int) -> np.ndarray:
            here = none[np.arange(top, bottom) // LEVEL_CELL][
                :, np.arange(after.shape[1]) // LEVEL_CELL
            ]
            return np.where(here, 0, most.rows(top, bottom).numpy())[..., None]

        self._blend(after, share, 1.0)

    def _keep_detail(self, after: Pixels) -> None:
        """Give back where more goes than looks random."""
        kept = evidence.Kept(self._removed(after).keep, after.shape[:2])

        def share(top: int, bottom: int) -> np.ndarray:
            return kept.rows(top, bottom)[..., None].numpy()

        self._blend(after, share, self.job.denoising.strength)

    def _keep_grain(self, after: Pixels) -> None:
        """Give back what has the spectrum of a film's grain."""
        before, height, margin = self.photo.pixels, len(after), evidence.MARGIN
        kernel, full = evidence.grain_filter(before, after), np.iinfo(after.dtype).max
        strength = self.job.denoising.strength

        def give_back(rows: tuple[int, int]) -> tuple[tuple[int, int], Pixels]:
            top, bottom = rows
            above, below = max(0, top - margin), min(height, bottom + margin)
            removed = before[above:below].astype(np.float32) - after[above:below]
            given = evidence.given_back(removed, kernel)
            gone = strength * (removed - given)[top - above : bottom - above]
            return rows, (before[top:bottom] - gone).round().clip(0, full).astype(after.dtype)

        # Strips see their neighbours as they were, so none is written before all are done.
        cut = self._strips()
        for (top, bottom), pixels in self.workers.each(give_back, cut):
            after[top:bottom] = pixels

    def _blend(
        self, after: Pixels, share: Callable[[int, int], float | np.ndarray], strength: float
    ) -> None:
        """Let only a share of what was removed go, in place."""
        before, full = self.photo.pixels, np.iinfo(after.dtype).max

        def strip(rows: tuple[int, int]) -> None:
            top, bottom = rows
            source = before[top:bottom].astype(np.float32)
            removed = (source - after[top:bottom]) * (strength * share(top, bottom))
            after[top:bottom] = (source - removed).round().clip(0, full)

        self.workers.each(strip, self._strips())

    def _put_back(self, after: Pixels, cleaned: Pixels, share: float) -> None:
        """Add a share of what the classical route took out, in place."""
        full = np.iinfo(after.dtype).max

        def strip(rows: tuple[int, int]) -> None:
            part = slice(*rows)
            taken = self.photo.pixels[part].astype(np.float32) - cleaned[part]
            after[part] = (after[part] + share * taken).round().clip(0, full)

        self.workers.each(strip, self._strips())

    def _maps(self, after: Pixels | None) -> dict[str, Callable[[], Pixels]]:
        """Return what draws the maps that were asked for."""
        before = self.photo.pixels

        def removed() -> Pixels:
            shown = np.full(before.shape, 128, np.uint8)
            if after is not None:
                gain = evidence.display_gain(self._removed(after).amount)
                for top, bottom in self._strips():
                    shown[top:bottom] = evidence.shown(before[top:bottom], after[top:bottom], gain)
            return shown

        def noise() -> Pixels:
            shown = np.zeros((*before.shape[:2], 1), np.uint16)
            for top, bottom in self._strips() if self.levels is not None else ():
                assert self.levels is not None
                cells = self.levels.level.mean(0, keepdim=True) * (LEVELS * MAP_UNIT)
                fine = under_levels(cells, LEVEL_CELL, top, bottom, 0, before.shape[1])
                shown[top:bottom] = fine.round().clamp(0, 65535).permute(1, 2, 0).numpy()
            return shown

        drawn = {
            "removed": removed,
            "noise": noise,
            "confidence": lambda: no_doubt(before.shape[:2]),
        }
        return {kind: drawn[kind] for kind in self.job.maps}
