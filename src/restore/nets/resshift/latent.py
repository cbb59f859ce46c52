"""A published model whole: photograph in, photograph out.

Source: arXiv:2403.07319; what is shown to which network follows its reference code.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from .checkpoint import load
from .published import Published
from .sampler import Draw, sample
from .unet import UNetModelSwin
from .vq import VQAutoencoder


@dataclass(frozen=True)
class LatentResShift:
    """Diffusion between latents of one autoencoder."""

    unet: UNetModelSwin
    autoencoder: VQAutoencoder
    published: Published

    @classmethod
    def load(cls, model: Published, unet: Path, autoencoder: Path) -> LatentResShift:
        """Read a published model's two files.

        Raises:
            ValueError: If one is not what it must be (see `checkpoint.load`).
            OSError: If one cannot be read.
        """
        return cls(
            load(unet, lambda: UNetModelSwin(model.unet)),
            load(autoencoder, lambda: VQAutoencoder(model.autoencoder)),
            model,
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> LatentResShift:
        """Move both networks, in place."""
        for net in (self.unet, self.autoencoder):
            net.to(device, dtype).to(memory_format=torch.channels_last)
        return self

    def restore(self, photo: Tensor, noise: Draw, mask: Tensor | None = None) -> Tensor:
        """Draw one restored photograph.

        Args:
            photo: (N, 3, H, W), in [-1, 1]; H and W are multiples of the model's `multiple`;
                black (-1) where it is to be filled.
            noise: Standard normal, like the latent: its sides are the result's over the
                autoencoder's `reduction`; numbered as in `sampler.trajectory`.
            mask: (N, 1, H, W): 1 where it is to be filled, else -1; for a model that fills.

        Returns:
            (N, 3, H * scale, W * scale), in [-1, 1].

        Raises:
            ValueError: If the size or the mask is not as it must be.
        """
        dtype = next(self.unet.parameters()).dtype  # the networks'; the chain keeps the photo's
        condition = self.unet.condition(photo.to(dtype), None if mask is None else mask.to(dtype))

        def predict(z: Tensor, t: Tensor) -> Tensor:
            return self.unet(z.to(dtype), t, condition).to(photo.dtype)

        z_y = self.encoded(photo.to(dtype)).to(photo.dtype)
        z_0 = sample(predict, z_y, self.published.schedule, noise)
        return self.autoencoder.decode(z_0.to(dtype)).to(photo.dtype).clamp_(-1, 1)

    def encoded(self, photo: Tensor) -> Tensor:
        """Return z_y: the latent of the photograph, enlarged to the result's size."""
        if (scale := self.published.scale) > 1:
            photo = F.interpolate(photo, scale_factor=float(scale), mode="bicubic")
        return self.autoencoder.encode(photo)
