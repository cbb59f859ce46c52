"""An import that is killed, or finds no room, loses nothing; the same command completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from conftest import Ran
from published import ACCEPTED, BOTH, Shelf, net
from ran import refused

import restore
from restore import weights

Run = Callable[..., Ran]


def test_a_cache_that_is_no_folder_is_said(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf_of_models.cache.write_text("in the way")
    error, hint = refused(import_smooth(shelf_of_models.net), 4)
    assert str(shelf_of_models.cache) in error
    assert "RESTORE_CACHE" in hint


def in_a_process(shelf: Shelf, *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Import both files in a process of its own, in which some code is run before."""
    code = f"""
import pytest, sys
from pathlib import Path
from published import offer_row
from restore.cli import main
offer_row(pytest.MonkeyPatch(), Path({str(shelf.lock)!r}))
{before}
main(["models", "import", "smooth", {str(shelf.net)!r}, {str(shelf.vq)!r}, *sys.argv[1:]])
"""
    paths = [str(Path(__file__).parent), str(Path(restore.__file__).parents[1])]
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


DIES = """
import os, signal
replace, left = Path.replace, [{renames}]
def dying(path, target):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return replace(path, target)
Path.replace = dying
"""


@pytest.mark.parametrize("renames", [0, 1, 3])
def test_killed_at_any_rename_the_same_command_completes(
    shelf_of_models: Shelf, import_smooth: Run, renames: int
) -> None:
    shelf = shelf_of_models
    died = in_a_process(shelf, ACCEPTED, before=DIES.format(renames=renames))
    assert died.returncode == -signal.SIGKILL
    assert any(name.endswith(".part") for name in shelf.cached())
    assert weights.where(weights.find("smooth")) is (
        weights.Where.PARTLY if renames > 1 else weights.Where.ABSENT
    )
    assert import_smooth(shelf.net, shelf.vq).exit_code == 0
    assert shelf.cached() == BOTH
    weights.verified("smooth")


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_a_full_disk_leaves_what_was_there(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    large = {**net(), "weight": torch.ones(200, 200)}
    shelf.put("smooth_net.pth", large)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    ran = in_a_process(shelf, ACCEPTED, before=limit)
    assert ran.returncode == 4, ran.stderr
    error, hint = ran.stderr.splitlines()[-2:]
    assert f"error: cannot write {shelf.cache}/smooth_net.safetensors: file too large" == error
    assert "RESTORE_CACHE" in hint
    assert shelf.cached() == []
    assert import_smooth(shelf.net, shelf.vq).exit_code == 0
