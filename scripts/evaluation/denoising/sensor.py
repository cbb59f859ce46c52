"""Table 2: the noise of a simulated sensor, after all that a camera does to it."""

from __future__ import annotations

from collections.abc import Sequence

from restore.backend import Backend
from restore.job import Denoising, Keep

from . import classical, comparing, protocols
from .comparing import ALL, DEFAULT, INPUT, Comparison
from .photographs import Photograph
from .product import side_by_side
from .protocols import SENSOR_LEVELS, SensorLevel
from .tables import Table, at_least, skipped

TITLE = "Sensor noise, PSNR in dB"
WAYS = {DEFAULT: Denoising(), ALL: Denoising(keep=Keep.NONE)}
MARGINS = ((1, 2), (1.5, 3), (2, 4))  #: dB above the rivals by level: trained on a CPU, on a GPU


def measure(photos: Sequence[Photograph], backend: Backend) -> Table:
    """Compare the product, blind, with the best of the classical filters at each level."""
    if not photos:
        return skipped(TITLE)
    filters = classical.usable(classical.GRID)

    def at(level: SensorLevel) -> list[Comparison]:
        def one(photo: Photograph) -> Comparison:
            clean = protocols.even(photo.pixels())
            noisy = protocols.with_sensor(clean, level, photo.seed)
            return comparing.compare(backend, photo.name, noisy, clean, WAYS, filters)

        return side_by_side(one, photos)

    results = [at(level) for level in SENSOR_LEVELS]
    rows = [[row, *(f"{comparing.mean(of, row):.2f}" for of in results)] for row in (INPUT, *WAYS)]
    bars = []
    for row in WAYS:
        for level, of, margins in zip(SENSOR_LEVELS, results, MARGINS, strict=True):
            rival = comparing.strongest(of, filters)
            if rival is not None:
                gain = comparing.mean(of, row) - rival
                bars.append(at_least(f"{level.name}, {row}, above the rivals", gain, *margins))
    return Table(
        TITLE,
        [
            "method",
            *(f"{level.name}: gain {level.gain:g}, read {level.read:g}" for level in SENSOR_LEVELS),
        ],
        rows + comparing.rival_cells(results, filters),
        bars,
        [
            f"{len(photos)} photos: linear light, RGGB mosaic, Malvar demosaic, sRGB, JPEG 4:2:0 "
            f"q{protocols.JPEG_QUALITY}. {classical.described(filters)}"
        ],
        {
            level.name: [result.summary() for result in of]
            for level, of in zip(SENSOR_LEVELS, results, strict=True)
        },
    )
