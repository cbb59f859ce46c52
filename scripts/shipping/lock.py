"""Store a file of weights in the package, and lock it by its size and hash."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ROOT / "src/restore/models"
LOCK = ROOT / "weights.lock"

LICENCE = "research and personal use only: trained on photographs under mixed terms"
HEAD = """# Every file of weights that this program may use; one that differs is refused.
# Ours are written by scripts/ship_*.py; published ones, and the .pth files they share, by hand.
"""
Value = str | int | bool | list[str] | list[int] | dict[str, str]


@dataclass(frozen=True)
class Shipped:
    """What the lock says of a file, besides its size and hash."""

    name: str
    backend: str
    source: str  #: the program, configuration and commit that trained it
    data: str
    tasks: tuple[str, ...] = ()  #: empty: every task of its backend

    def entry(self, content: bytes) -> dict[str, Value]:
        """Return the lock's entry."""
        return {
            "file": f"{self.name}.safetensors",
            "url": "",
            "embedded": True,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": LICENCE,
            "source": self.source,
            "data": self.data,
            "backend": self.backend,
            **({"tasks": list(self.tasks)} if self.tasks else {}),
        }


def store(shipped: Shipped, content: bytes) -> None:
    """Write the file and its entry; other entries stay as they are."""
    MODELS.mkdir(exist_ok=True)
    (MODELS / f"{shipped.name}.safetensors").write_bytes(content)
    table = tomllib.loads(LOCK.read_text(encoding="utf-8")) if LOCK.exists() else {}
    table[shipped.name] = shipped.entry(content)
    LOCK.write_text(written(table), encoding="utf-8")


def written(table: dict[str, dict[str, Value]]) -> str:
    """Return the lock's text, its entries in alphabetical order."""

    def value(of: Value) -> str:
        if isinstance(of, bool):
            return str(of).lower()
        if isinstance(of, list):
            return f"[{', '.join(map(value, of))}]"
        if isinstance(of, dict):
            return f"{{ {', '.join(f'{key(one)} = {quoted(text)}' for one, text in of.items())} }}"
        return str(of) if isinstance(of, int) else quoted(of)

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)  # JSON's escapes are TOML's

    def key(name: str) -> str:
        return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)

    entries = [
        "\n".join(
            [f"[{key(name)}]", *(f"{field} = {value(of)}" for field, of in table[name].items())]
        )
        for name in sorted(table)
    ]
    return "\n".join([HEAD, *(f"{entry}\n" for entry in entries)])


def head() -> str:
    """Return the current commit, short."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
