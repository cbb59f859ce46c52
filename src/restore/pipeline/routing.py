"""Which way a photo is denoised: asked for, told or found; and the ways of classical filters."""

from __future__ import annotations

from dataclasses import replace

from .. import routes
from ..backend import Backend, MeasuresNoise
from ..job import MOST_LEVEL, Job, NoiseKind
from ..photo import Photo
from ..routes import Detected, Route
from .levels import LevelMap, measured, told
from .restored import Pixels
from .workers import Workers

_FORCED = {
    NoiseKind.SENSOR: Route.NETWORK,
    NoiseKind.GAUSSIAN: Route.NETWORK,
    NoiseKind.SALT_PEPPER: Route.MEDIAN,
    NoiseKind.PERIODIC: Route.NOTCH,
}


def levels_of(photo: Photo, backend: Backend, job: Job, workers: Workers) -> LevelMap | None:
    """Return how strong the noise is: told, measured by the backend, or not known."""
    if job.denoising.sigma is not None:
        return told(photo, job.denoising.sigma)
    return measured(photo, backend, workers) if isinstance(backend, MeasuresNoise) else None


def detected_in(photo: Photo, job: Job, levels: LevelMap | None) -> Detected:
    """Return which way a photo goes: asked for, told, or found; and why."""
    wanted = job.denoising
    if wanted.noise is not NoiseKind.AUTO:
        return Detected(_FORCED[wanted.noise], str(wanted.noise), "asked for with --noise")
    if wanted.sigma == 0:
        return Detected(Route.NONE, "told", "--sigma 0 says that there is no noise: nothing to do")
    if wanted.sigma is not None:
        return Detected(Route.NETWORK, "told", "the level was given with --sigma")
    found = routes.detect(photo.pixels, known(levels))
    if job.entry.mends and found.route is Route.NONE:
        also = f"{job.entry.name} mends more than noise"
        return replace(found, route=Route.NETWORK, reason=f"{found.reason}; {also}")
    if found.route is Route.NETWORK and levels is not None and levels.is_beyond:
        beyond = f"it reads as {MOST_LEVEL:g} levels or more, which no noise has"
        return replace(found, reason=beyond)
    return found


def known(levels: LevelMap | None) -> routes.Levels | None:
    """Return what the detector is told of a measured level."""
    return None if levels is None else routes.Levels(levels.typical, levels.quiet)


def mended(pixels: Pixels, detected: Detected) -> Pixels | None:
    """Take the classical route; None if there is nothing to take out on it."""
    if detected.route is Route.MEDIAN:
        return routes.despeckled(pixels)
    return _without_pattern(pixels, detected)


def _without_pattern(pixels: Pixels, detected: Detected) -> Pixels | None:
    """Remove the offsets of rows and columns, else waves; None if there is neither."""
    peaks = detected.peaks or routes.find_peaks(pixels)
    if lines := routes.find_lines(pixels, peaks):
        return routes.straightened(pixels, lines)
    return routes.notched(pixels, peaks) if peaks else None
