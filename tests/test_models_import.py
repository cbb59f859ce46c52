"""`restore models import`: checked, read without running anything, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest
import torch
from conftest import Ran
from published import ACCEPTED, BOTH, LICENCE, VQ, WHOLE, Shelf, net, torch_file
from ran import is_one_error, refused
from safetensors import safe_open

from restore import weights

Run = Callable[..., Ran]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
    assert "is no file" in refused(import_smooth("x" * 300), 5)[0]
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
