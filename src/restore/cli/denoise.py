"""`restore denoise`."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

import click

from .options import NumberRange, Shared, common, mean

if TYPE_CHECKING:
    from ..job import NoiseMapFile


class SigmaType(click.ParamType["float | str | None"]):
    """`auto`, a number of 8-bit levels, or the file of a map."""

    name = "auto|N|MAP"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str | None:
        from ..job import MOST_LEVEL

        if value == "auto":
            return None
        try:
            sigma = float(value)
        except ValueError:
            return str(value)
        if not 0 <= sigma <= MOST_LEVEL:  # and so not a number that is none
            self.fail(f"{value} is not in the range 0<=N<={MOST_LEVEL:g} (8-bit levels)")
        return sigma


@click.command(short_help="Remove noise, and show what was removed.")
@common
@click.option(
    "--strength",
    type=NumberRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the noise that goes. 0: none, the picture stays as it is.",
)
@click.option(
    "--sigma",
    type=SigmaType(),
    default="auto",
    show_default=True,
    help="How strong the noise is, in 8-bit levels; or a map of it, as --noise-map writes it: "
    "the channels' mean, so that the result differs by up to 3 levels from one without.",
)
@click.option(
    "--keep",
    type=click.Choice(["detail", "grain", "none"]),
    help="Give back what looks like detail, or like a film's grain, of what the network removes. "
    "Default: detail; none for a backend that sharpens too.",
)
@click.option(
    "--noise",
    type=click.Choice(["auto", "sensor", "gaussian", "salt-pepper", "periodic"]),
    default="auto",
    show_default=True,
    help="What kind of noise it is. auto: find out.",
)
@click.option(
    "--removed",
    is_flag=True,
    help="Write what was removed, amplified, on grey: PHOTO.denoised.jpg.removed.png.",
)
@click.option(
    "--noise-map",
    is_flag=True,
    help="Write how strong the noise was, place by place: PHOTO.denoised.jpg.noise.png.",
)
@mean
def denoise(
    shared: Shared,
    strength: float,
    sigma: float | str | None,
    keep: str | None,
    noise: str,
    removed: bool,
    noise_map: bool,
    mean: int | None,
) -> None:
    """Remove noise from photographs, keep their detail, and say what was removed.

    How strong the noise is, and of which kind, is measured. A photo without noise stays as it
    is. The result is written beside the photo as PHOTO.denoised.jpg, with its record as
    PHOTO.denoised.jpg.json; the photo itself is never touched.
    """
    from ..backend import Task
    from ..job import Denoising, Keep, NoiseKind
    from .task import run

    if noise in ("salt-pepper", "periodic"):
        needless = "--sigma" if sigma is not None else f"--keep {keep}"
        if sigma is not None or keep in ("detail", "grain"):
            raise click.UsageError(f"{needless} is for the network, --noise {noise} for a filter")
    denoising = Denoising(
        strength=strength,
        sigma=_map(sigma, shared.max_pixels) if isinstance(sigma, str) else sigma,
        keep=None if keep is None else Keep(keep),
        noise=NoiseKind(noise),
        removed=removed,
        noise_map=noise_map,
    )
    run(Task.DENOISE, shared, {"mean": mean}, denoising=denoising)


def _map(name: str, max_pixels: int) -> NoiseMapFile:
    """Read a person's own map."""
    from ..job import MOST_LEVEL

    # Unlike Path's, this takes a name too long for one that is not there.
    if not os.path.isfile(name):  # noqa: PTH113
        raise click.BadParameter(
            f"{name!r} is not auto, not a number from 0 to {MOST_LEVEL:g} and not a file",
            param_hint="--sigma",
        )
    from ..batch import read_noise_map  # the codecs, which --help must not load

    return read_noise_map(name, max_pixels)
