"""What starting costs: tested as what is imported, measured in scripts/bench_colorize.py."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from restore import registry
from restore.backend import Task
from restore.cli.colorize import colorize

HEAVY = ("torch", "numpy", "PIL", "torchvision", "diffusers", "transformers")


def imported(code: str) -> set[str]:
    """Run Python code in a new process; return which heavy packages it imported."""
    tail = f"import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tail}"], capture_output=True, text=True, check=True
    )
    return set(output.stdout.splitlines()[-1].split())


def test_help_is_light() -> None:
    pages = "[], ['colorize'], ['models'], ['models', 'import']"
    code = f"from restore.cli import main\nfor page in ({pages}):\n" + (
        "    main([*page, '--help'], standalone_mode=False)"
    )
    assert imported(code) == set()


def test_a_list_of_models_is_light() -> None:
    code = "from restore.cli import main\nmain(['models', 'list'], standalone_mode=False)"
    assert imported(code) == set()


def test_the_default_backend_needs_torch_and_no_more() -> None:
    code = "import restore.batch, restore.backends.diffusion"
    assert imported(code) == {"torch", "numpy"}


@pytest.mark.parametrize("option", ["variety", "steps", "saturation"])
def test_help_shows_the_defaults(option: str) -> None:
    """They are written out there, because reading the table takes time that help has not."""
    (shown,) = (one for one in colorize.params if one.name == option)
    assert isinstance(shown, click.Option)
    default = registry.find("diffusion", Task.COLORIZE).defaults[option]
    assert str(shown.help).endswith(f"Default: {default}.")
