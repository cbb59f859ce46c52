"""`restore denoise`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import NumberRange, Shared, common

if TYPE_CHECKING:
    from ..job import NoiseMapFile

MOST_SIGMA = 128.0


class SigmaType(click.ParamType["float | str | None"]):
    """`auto`, a number of 8-bit levels, or the file of a map."""

    name = "auto|N|MAP"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str | None:
        if value == "auto":
            return None
        try:
            sigma = float(value)
        except ValueError:
            return str(value)
        if not 0 <= sigma <= MOST_SIGMA:  # and so not a number that is none
            self.fail(f"{value} is not in the range 0<=N<={MOST_SIGMA:g} (8-bit levels)")
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
    help="How strong the noise is, in 8-bit levels; or a map of it, as --noise-map writes it.",
)
@click.option(
    "--keep",
    type=click.Choice(["detail", "grain", "none"]),
    help="Give back what looks like detail, or like a film's grain. Default: detail; none for a "
    "backend that sharpens too.",
)
@click.option(
    "--noise",
    type=click.Choice(["auto", "sensor", "gaussian", "salt-pepper", "periodic"]),
    default="auto",
    show_default=True,
    help="What kind of noise it is. auto: find out.",
)
@click.option("--removed", is_flag=True, help="Write what was removed, amplified, on grey.")
@click.option("--noise-map", is_flag=True, help="Write how strong the noise was, place by place.")
def denoise(
    shared: Shared,
    strength: float,
    sigma: float | str | None,
    keep: str | None,
    noise: str,
    removed: bool,
    noise_map: bool,
) -> None:
    """Remove noise from photographs, keep their detail, and say what was removed.

    How strong the noise is, and of which kind, is measured. A photo without noise stays as it
    is. The result is written beside the photo as PHOTO.denoised.jpg, with its record as
    PHOTO.denoised.jpg.json; the photo itself is never touched.
    """
    from .. import registry
    from ..backend import Task
    from ..job import Denoising, Keep, NoiseKind
    from .task import run

    backend = registry.find(shared.backend or registry.names(Task.DENOISE)[0], Task.DENOISE)
    if keep is None:  # what sharpens changes structure, and none of that is to be given back
        keep = Keep.NONE if backend.mends else Keep.DETAIL

    denoising = Denoising(
        strength=strength,
        sigma=_map(sigma, shared.max_pixels) if isinstance(sigma, str) else sigma,
        keep=Keep(keep),
        noise=NoiseKind(noise),
        removed=removed,
        noise_map=noise_map,
    )
    run(Task.DENOISE, shared, {}, denoising=denoising)


def _map(name: str, max_pixels: int) -> NoiseMapFile:
    """Read a person's own map."""
    if not Path(name).is_file():
        raise click.BadParameter(
            f"{name!r} is not auto, not a number from 0 to {MOST_SIGMA:g} and not a file",
            param_hint="--sigma",
        )
    from ..batch import read_noise_map  # the codecs, which --help must not load

    return read_noise_map(name, max_pixels)
