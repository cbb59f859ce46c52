"""The seven published models as data: which networks, which schedule, for what.

Source: the configurations of github.com/zsyOAOA/ResShift, release v2.0. Code and weights are under
the S-Lab License 1.0: non-commercial use only.
"""

from __future__ import annotations

from dataclasses import dataclass

from .schedule import Schedule
from .unet import UNetConfig
from .vq import VQConfig

FIFTEEN_STEPS = Schedule(steps=15, least_noise=0.04)
FOUR_STEPS = Schedule(steps=4, least_noise=0.2)

F4 = VQConfig()
F8 = VQConfig(
    channels=64,
    multipliers=(1, 2, 4, 8),
    res_blocks=(1, 2, 3, 4),
    latent_channels=8,
    codes=4096,
)

ENLARGE = UNetConfig()
FILL = UNetConfig(photo_side=256, masked=True)
FACE = UNetConfig(photo_side=512, latent_channels=8)


@dataclass(frozen=True)
class Published:
    """A model: two files of weights and how to use them."""

    summary: str
    schedule: Schedule
    unet: UNetConfig
    autoencoder: VQConfig
    scale: int  #: sides of the result per side of the photograph

    @property
    def multiple(self) -> int:
        """What both sides of a photograph must be multiples of."""
        return self.unet.multiple * self.unet.reduction


def _enlarges(summary: str, schedule: Schedule = FOUR_STEPS) -> Published:
    return Published(f"enlarges {summary}", schedule, ENLARGE, F4, scale=4)


def _fills(summary: str) -> Published:
    return Published(f"fills holes in {summary}", FOUR_STEPS, FILL, F4, scale=1)


#: By their names in weights.lock, which knows the files.
PUBLISHED = {
    "resshift-realsr-v1": _enlarges("real photographs by 4, in 15 steps", FIFTEEN_STEPS),
    "resshift-realsr-v2": _enlarges(
        "real photographs by 4, in 15 steps, trained for longer", FIFTEEN_STEPS
    ),
    "resshift-realsr-v3": _enlarges("real photographs by 4, in 4 steps"),
    "resshift-bicubic": _enlarges("photographs by 4 that a bicubic filter reduced"),
    "resshift-inpaint-imagenet": _fills("photographs of anything"),
    "resshift-inpaint-face": _fills("portraits"),
    "resshift-face": Published(
        "restores aligned portraits of 512 x 512 pixels", FOUR_STEPS, FACE, F8, scale=1
    ),
}
