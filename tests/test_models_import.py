"""`restore models import`: checked, read without running anything, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
import torch
from conftest import Ran
from published import ACCEPTED, LICENCE, VQ, Shelf, net, torch_file
from ran import is_one_error
from safetensors import safe_open
from safetensors.torch import load

import restore
from restore import weights
from restore.weights.pickles import safetensors_of

Run = Callable[..., Ran]
WHOLE = ["smooth_net.safetensors", "smooth_net.safetensors.json"]
BOTH = [*WHOLE, "vq.safetensors", "vq.safetensors.json"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def import_smooth(shelf_of_models: Shelf, run: Run) -> Run:
    """Import files of the model `smooth`, its licence accepted."""
    return lambda *files: run("models", "import", "smooth", *files, ACCEPTED)


def refused(ran: Ran, code: int) -> list[str]:
    """Return the last two lines of a run that failed with this code: an error and its hint."""
    assert ran.exit_code == code, ran.stderr
    error, hint = ran.stderr.splitlines()[-2:]
    assert (error[:7], hint[:6]) == ("error: ", "hint: "), ran.stderr
    assert ran.stderr.count("error: ") == 1
    return [error, hint]


def test_both_files_are_kept_as_safetensors(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    before = shelf.net.read_bytes()
    ran = import_smooth(shelf.net, shelf.vq)
    assert ran.exit_code == 0, ran.stderr
    assert shelf.cached() == BOTH
    assert shelf.net.read_bytes() == before
    with safe_open(shelf.cache / "smooth_net.safetensors", framework="pt") as file:
        assert json.loads(file.metadata()["config"]) == {"model": "smooth"}
        assert set(file.keys()) == {"weight", "bias"}
        assert torch.equal(file.get_tensor("bias"), net()["bias"])
    assert "smooth is complete" in ran.stderr
    assert weights.verified("smooth").paths == {
        "net": shelf.cache / "smooth_net.safetensors",
        "vq": shelf.cache / "vq.safetensors",
    }


def test_a_note_says_what_each_file_was(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net, shelf.vq)
    net, vq = (json.loads((shelf.cache / name).read_text()) for name in (BOTH[1], BOTH[3]))
    assert (net["file"], net["sha256"]) == ("smooth_net.pth", sha256(shelf.net))
    assert net["hash"] == "hash observed, not published"
    assert vq["hash"] == "hash as a copy's listing gives it, not published"
    assert net["stored_sha256"] == sha256(shelf.cache / "smooth_net.safetensors")
    assert net["licence"] == LICENCE
    assert net["accepted"].endswith("Z")


def test_the_licence_comes_first(shelf_of_models: Shelf, run: Run) -> None:
    shelf = shelf_of_models
    ran = run("models", "import", "smooth", shelf.net, shelf.vq)
    error, hint = refused(ran, 11)
    assert ran.stderr.splitlines()[0] == f"smooth: {LICENCE}"
    assert "https://example.org/licence" in ran.stderr
    assert ACCEPTED in hint
    assert "nothing is imported" in error
    assert not shelf.cache.exists()


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"Yes\n", 0), (b"y\n", 0), (b"no\n", 11), (b"\n", 11), (b"", 11), (b"yes?\n", 11)],
)
def test_a_person_at_a_terminal_is_asked(
    shelf_of_models: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch, answer: bytes, code: int
) -> None:
    """The end of input (Ctrl-D) is no yes."""
    monkeypatch.setattr(
        click.testing._NamedTextIOWrapper, "isatty", lambda stream: stream.name == "<stdin>"
    )
    shelf = shelf_of_models
    ran = run("models", "import", "smooth", shelf.net, shelf.vq, stdin=answer)
    assert ran.exit_code == code, ran.stderr
    assert ran.stderr.index("the whole licence") < ran.stderr.index("Do you accept it? [y/N]")
    assert shelf.cached() == (BOTH if code == 0 else [])


def test_a_pipe_says_no_yes(shelf_of_models: Shelf, run: Run) -> None:
    shelf = shelf_of_models
    ran = run("models", "import", "smooth", shelf.net, shelf.vq, stdin=b"yes\n")
    refused(ran, 11)
    assert "Do you accept" not in ran.stderr


def test_a_file_that_a_model_shares_is_imported_once(
    shelf_of_models: Shelf, import_smooth: Run, run: Run
) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net, shelf.vq)
    other = shelf.put("fill_net.pth", net(1))
    ran = run("models", "import", "fill", other, ACCEPTED)
    assert ran.exit_code == 0
    assert "fill is complete" in ran.stderr
    assert weights.verified("fill").paths["vq"] == weights.verified("smooth").paths["vq"]


def test_what_is_still_missing_is_said(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    ran = import_smooth(shelf.net)
    assert ran.exit_code == 0
    assert "still needs https://example.org/vq.pth" in ran.stderr
    assert shelf.cached() == WHOLE


def test_importing_again_changes_nothing(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net, shelf.vq)
    before = {name: (shelf.cache / name).stat().st_mtime_ns for name in BOTH}
    ran = import_smooth(shelf.net, shelf.vq)
    assert ran.exit_code == 0
    assert ran.stderr.count("there already") == 2
    assert before == {name: (shelf.cache / name).stat().st_mtime_ns for name in BOTH}


def test_a_damaged_cache_is_mended(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net, shelf.vq)
    stored = shelf.cache / "smooth_net.safetensors"
    whole = stored.read_bytes()
    stored.write_bytes(whole[:-1] + b"!")
    assert import_smooth(shelf.net).exit_code == 0
    assert stored.read_bytes() == whole


def test_another_file_than_the_listed_one_stops(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    other = torch_file({"state_dict": {"codes": torch.ones(4, 3)}})
    error, hint = refused(import_smooth(shelf.put("vq.pth", other)), 5)
    for digest in (VQ, other):
        assert hashlib.sha256(digest).hexdigest() in error
    assert "as a copy lists it" in error
    assert "https://example.org/vq.pth" in hint
    assert shelf.cached() == []


def test_a_size_that_is_known_must_be_right(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    text = shelf.lock.read_text().replace("megabytes = 2", "megabytes = 2\nbytes = 99", 1)
    shelf.lock.write_text(text)
    error, _ = refused(import_smooth(shelf.net), 5)
    assert f"it has {shelf.net.stat().st_size:,} bytes, not 99" in error


def test_the_first_import_pins_the_hash(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net)
    first = sha256(shelf.net)
    (shelf.cache / "smooth_net.safetensors").unlink()  # the pin is kept with the note
    error, hint = refused(import_smooth(shelf.put("smooth_net.pth", net(1))), 5)
    assert first in error
    assert sha256(shelf.net) in error
    assert str(shelf.cache / WHOLE[1]) in hint
    shelf.put("smooth_net.pth", net())
    assert import_smooth(shelf.net).exit_code == 0
    assert shelf.cached() == WHOLE


def test_the_same_bytes_are_not_two_models(
    shelf_of_models: Shelf, import_smooth: Run, run: Run
) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net)
    copy = shelf.put("fill_net.pth", shelf.net.read_bytes())
    error, _ = refused(run("models", "import", "fill", copy, ACCEPTED), 5)
    assert "it is smooth_net.pth" in error


class Runs:
    """What a pickle may hide: it makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_wants_code_is_refused(
    shelf_of_models: Shelf, tmp_path: Path, import_smooth: Run
) -> None:
    trap = tmp_path / "trap"
    for content in (torch_file({"weight": Runs(trap)}), pickle.dumps(Runs(trap), protocol=2)):
        error, _ = refused(import_smooth(shelf_of_models.put("smooth_net.pth", content)), 5)
        assert "wants to run code when it is read (posix.system): refused" in error
    assert not trap.exists()
    assert shelf_of_models.cached() == []


def test_a_network_pickled_whole_is_refused(shelf_of_models: Shelf, import_smooth: Run) -> None:
    path = shelf_of_models.put("smooth_net.pth", torch.nn.Linear(2, 2))
    error, _ = refused(import_smooth(path), 5)
    assert "torch.nn.modules.linear.Linear" in error


def flipped(whole: bytes) -> bytes:
    middle = whole.index(b"data/0") + 200  # within the first tensor
    return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: b"hello",
        lambda whole: b"<!DOCTYPE html><html>Not Found</html>",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[len(whole) // 2 :],
        lambda whole: bytes(range(256)) * 20,
        flipped,
    ],
    ids=["empty", "text", "a page", "its half", "its end", "noise", "a bit"],
)
def test_a_damaged_file_is_one_line(
    shelf_of_models: Shelf, import_smooth: Run, damage: Callable[[bytes], bytes]
) -> None:
    path = shelf_of_models.put("smooth_net.pth", damage(shelf_of_models.net.read_bytes()))
    error, _ = refused(import_smooth(path), 5)
    assert "is no checkpoint of PyTorch, or a damaged one" in error
    assert len(error) < 300
    assert shelf_of_models.cached() == []


def test_files_as_old_versions_of_torch_wrote_them_are_read(
    shelf_of_models: Shelf, import_smooth: Run
) -> None:
    stream = io.BytesIO()
    torch.save(net(), stream, _use_new_zipfile_serialization=False)
    shelf_of_models.put("smooth_net.pth", stream.getvalue())
    assert import_smooth(shelf_of_models.net).exit_code == 0


@pytest.mark.parametrize("content", [{"weight": torch.ones(3)}, [torch.ones(3)], torch.ones(3)])
def test_other_weights_are_refused_by_the_backend(
    shelf_of_models: Shelf, import_smooth: Run, content: object
) -> None:
    error, hint = refused(import_smooth(shelf_of_models.put("smooth_net.pth", content)), 5)
    assert "does not hold the 'net' of 'smooth'" in error
    assert "smooth_net.pth (net) and vq.pth (vq)" in hint
    assert shelf_of_models.cached() == []


def test_another_name_is_told_by_what_is_left(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    renamed = shelf.put("download (1).pth", net())
    assert is_one_error(import_smooth(renamed), 2)
    assert import_smooth(renamed, shelf.vq).exit_code == 0
    assert shelf.cached() == BOTH


def test_another_name_is_told_by_what_is_not_there(
    shelf_of_models: Shelf, import_smooth: Run
) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.vq)
    assert import_smooth(shelf.put("download (1).pth", net())).exit_code == 0
    assert shelf.cached() == BOTH


def test_files_that_cannot_be_meant(shelf_of_models: Shelf, import_smooth: Run, run: Run) -> None:
    shelf = shelf_of_models
    foreign = shelf.put("fill_net.pth", net(1))
    error, _ = refused(import_smooth(foreign, shelf.vq), 5)
    assert "a file of 'fill', not of 'smooth'" in error
    assert "is no file" in refused(import_smooth(shelf.downloads / "gone.pth"), 5)[0]
    assert "is no file" in refused(import_smooth(shelf.downloads), 5)[0]
    assert import_smooth(shelf.net, shelf.net).exit_code == 2
    assert import_smooth(shelf.net, shelf.vq, shelf.put("third.pth", net())).exit_code == 2
    assert import_smooth().exit_code == 2
    assert refused(run("models", "import", "smoth", shelf.net, ACCEPTED), 5)[1].startswith(
        "hint: did you mean 'smooth'?"
    )
    assert shelf.cached() == []


def test_what_ships_is_not_imported(tmp_path: Path, run: Run) -> None:
    ran = run("models", "import", "denoiser-v1", tmp_path / "a.pth", ACCEPTED)
    assert is_one_error(ran, 2)
    assert "ships in the package" in ran.stderr


def test_a_cache_that_is_no_folder_is_said(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf_of_models.cache.write_text("in the way")
    error, hint = refused(import_smooth(shelf_of_models.net), 4)
    assert str(shelf_of_models.cache) in error
    assert "RESTORE_CACHE" in hint


def test_a_note_that_is_none_is_said(shelf_of_models: Shelf, import_smooth: Run) -> None:
    shelf = shelf_of_models
    import_smooth(shelf.net)
    note = shelf.cache / WHOLE[1]
    whole = json.loads(note.read_text())
    for text in ("", "[]", "{}", "[" * 100_000, json.dumps({**whole, "bytes": "7"}),
                 json.dumps({**whole, "file": "other.pth"})):  # fmt: skip
        note.write_text(text)
        error, hint = refused(import_smooth(shelf.net), 5)
        assert "is no note of an import" in error
        assert "remove it" in hint
        assert len(error) < 400


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


def test_tensors_that_share_memory_are_stored() -> None:
    whole = torch.arange(12.0).view(3, 4)
    state = {"whole": whole, "row": whole[1], "turned": whole.T}
    assert safetensors_of(state, {"a": 1, "b": 2}) == safetensors_of(state, {"b": 2, "a": 1})
    stored = load(safetensors_of(state, {}))
    assert all(torch.equal(stored[name], tensor) for name, tensor in state.items())
