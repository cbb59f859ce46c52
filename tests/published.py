"""Two models that others published, drawn for tests: they share an autoencoder.

As in the product, no hash of the networks is known, and a copy lists the autoencoder's.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
import torch

from restore import registry
from restore.backend import Entry, Task
from restore.weights import places

ROW = Entry(
    "shifter",
    "fakes:Shifter",
    (Task.DENOISE, Task.INPAINT),
    "for tests",
    models=("smooth", "fill"),
    admit="fakes:admit",
)
LICENCE = "Test Licence: for tests only"
ACCEPTED = "--accept-licence"
WHOLE = ["smooth_net.safetensors", "smooth_net.safetensors.json"]
BOTH = [*WHOLE, "vq.safetensors", "vq.safetensors.json"]


def torch_file(content: object) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def net(seed: int = 0) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    weight = torch.randn(8, 8, generator=random)
    return {"weight": weight, "bias": weight[0], "ema_step": torch.tensor(7)}


VQ = torch_file({"state_dict": {"codes": torch.arange(12.0).view(4, 3)}})


def lock_text() -> str:
    def model(name: str, file: str, task: str) -> list[str]:
        return [
            f"[{name}]",
            f'files = {{ net = "{file}", vq = "vq.pth" }}',
            f'licence = "{LICENCE}"',
            'licence_url = "https://example.org/licence"',
            'source = "drawn"',
            'data = "none"',
            'backend = "shifter"',
            f'tasks = ["{task}"]',
        ]

    def file(name: str) -> list[str]:
        return [f'["{name}"]', f'url = "https://example.org/{name}"', "megabytes = 2"]

    lines = [
        *model("smooth", "smooth_net.pth", "denoise"),
        *model("fill", "fill_net.pth", "inpaint"),
        *file("smooth_net.pth"),
        *file("fill_net.pth"),
        *file("vq.pth"),
        f'sha256 = "{hashlib.sha256(VQ).hexdigest()}"',
        'listed_by = "a copy"',
    ]
    return "\n".join(lines) + "\n"


class Shelf:
    """A folder of downloads, a lock and a cache."""

    def __init__(self, folder: Path) -> None:
        self.lock, self.downloads, self.cache = (
            folder / name for name in ("weights.lock", "downloads", "cache")
        )
        self.downloads.mkdir()
        self.lock.write_text(lock_text())
        self.net, self.vq = self.put("smooth_net.pth", net()), self.put("vq.pth", VQ)

    def put(self, name: str, content: object) -> Path:
        """Write a download: bytes as they are, anything else as torch saves it."""
        path = self.downloads / name
        path.write_bytes(content if isinstance(content, bytes) else torch_file(content))
        return path

    def cached(self) -> list[str]:
        """Return the names of the files in the cache."""
        return sorted(path.name for path in self.cache.iterdir()) if self.cache.is_dir() else []


def offer_row(monkeypatch: pytest.MonkeyPatch, lock: Path) -> None:
    """Put the row into the table of backends, and a lock in the place of ours."""
    monkeypatch.setattr(registry, "BACKENDS", (ROW, *registry.BACKENDS))
    monkeypatch.setattr(places, "lock_path", lambda: lock)
    registry._table.cache_clear()
