"""Published models once they are imported: listed, verified, chosen, and named in records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import Ran
from published import ACCEPTED, LICENCE, Shelf, net
from ran import is_one_error

import restore
from restore.weights import Where

Run = Callable[..., Ran]
Draw = Callable[..., Path]
SCHEMA = Path(restore.__file__).parent / "record.schema.json"
CHOSEN = ("--backend", "shifter", "--model", "smooth")


@pytest.fixture
def imported(shelf_of_models: Shelf, run: Run) -> Shelf:
    """Both files of the model `smooth`, imported."""
    ran = run("models", "import", "smooth", shelf_of_models.net, shelf_of_models.vq, ACCEPTED)
    assert ran.exit_code == 0
    return shelf_of_models


def listed(run: Run) -> dict[str, dict[str, Any]]:
    lines = run("models", "list", "--json").stdout.splitlines()
    return {model["name"]: model for model in map(json.loads, lines)}


def test_the_list_says_what_ships_and_what_is_absent(run: Run) -> None:
    ran = run("models", "list")
    rows = {line.split()[0]: line for line in ran.stdout.decode().splitlines()}
    assert rows["NAME"].split() == ["NAME", "TASKS", "WHERE", "SIZE", "LICENCE"]
    assert rows["denoiser-v1"].split()[1:5] == ["denoise", "ships", "8", "MB"]
    assert "research and personal use" in rows["denoiser-v1"]
    assert rows["resshift-realsr-v3"].split()[1:6] == ["upscale", "absent", "about", "699", "MB"]
    assert "S-Lab License 1.0: non-commercial use only" in rows["resshift-realsr-v3"]
    assert ran.stderr == ""


def test_the_list_follows_an_import(shelf_of_models: Shelf, run: Run) -> None:
    shelf = shelf_of_models
    assert listed(run)["smooth"]["where"] == Where.ABSENT
    run("models", "import", "smooth", shelf.vq, ACCEPTED)
    assert listed(run)["smooth"]["where"] == Where.PARTLY
    run("models", "import", "smooth", shelf.net, ACCEPTED)
    smooth = listed(run)["smooth"]
    assert smooth["where"] == Where.IMPORTED
    assert smooth["tasks"] == ["denoise"]
    assert smooth["licence"] == LICENCE
    network = smooth["files"][0]
    assert network["bytes"] == shelf.net.stat().st_size
    assert network["hash"] == "hash observed, not published"
    assert network["path"] == str(shelf.cache / "smooth_net.safetensors")
    (row,) = [x for x in run("models", "list").stdout.decode().splitlines() if "smooth" in x]
    assert "imported" in row
    assert "about" not in row


def test_what_is_not_known_is_null(shelf_of_models: Shelf, run: Run) -> None:
    network, vq = listed(run)["smooth"]["files"]
    assert (network["bytes"], network["sha256"], network["hash"], network["path"]) == (None,) * 4
    assert vq["hash"] == "hash as a copy's listing gives it, not published"


def test_what_ships_and_what_was_imported_is_verified(imported: Shelf, run: Run) -> None:
    ran = run("models", "verify")
    assert ran.exit_code == 0
    lines = ran.stdout.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == ["smooth", "smooth"]  # `fill` is absent
    assert lines[0].endswith("; hash observed, not published")


def test_the_weights_that_ship_are_whole(run: Run) -> None:
    ran = run("models", "verify")
    assert ran.exit_code == 0
    assert "denoiser-v1: net is whole" in ran.stdout.decode()


@pytest.mark.parametrize("damage", ["a bit", "its end", "its note"])
def test_damage_fails_the_verification_and_stops_a_run(
    imported: Shelf, draw: Draw, run: Run, damage: str
) -> None:
    stored = imported.cache / "smooth_net.safetensors"
    whole = stored.read_bytes()
    if damage == "its note":
        stored.with_name(f"{stored.name}.json").write_text("{}")
    else:
        stored.write_bytes(whole[:-1] + (b"!" if damage == "a bit" else b""))
    ran = run("models", "verify")
    assert ran.exit_code == 9
    assert "smooth: " in ran.stderr
    assert ran.stderr.splitlines()[-1] == "error: 1 of 1 models are not what they were"
    assert run("models", "verify", "smooth").exit_code == 9
    photo = draw("a.png")
    assert is_one_error(run("denoise", photo, *CHOSEN), 5)
    assert not photo.with_name("a.denoised.png").exists()


def test_only_what_is_there_can_be_verified(shelf_of_models: Shelf, run: Run) -> None:
    assert is_one_error(run("models", "verify", "fill"), 5)
    assert is_one_error(run("models", "verify", "nothing"), 5)
    assert run("models", "verify").exit_code == 0


def test_a_record_names_both_files(imported: Shelf, draw: Draw, run: Run) -> None:
    photo = draw("a.png")
    ran = run("denoise", photo, *CHOSEN, "--noise", "gaussian")
    assert ran.exit_code == 0, ran.stderr
    record = json.loads(photo.with_name("a.denoised.png.json").read_bytes())
    jsonschema.validate(record, json.loads(SCHEMA.read_text()))
    network, vq = record["weights"]
    kept = json.loads((imported.cache / "smooth_net.safetensors.json").read_text())
    assert network == {
        "name": "smooth",
        "role": "net",
        "sha256": kept["sha256"],
        "bytes": imported.net.stat().st_size,
        "licence": LICENCE,
        "url": "https://example.org/smooth_net.pth",
        "note": "hash observed, not published",
    }
    assert (vq["name"], vq["role"]) == ("smooth", "vq")
    assert record["licence"] == LICENCE
    packet = photo.with_name("a.denoised.png").read_bytes()
    assert f"smooth net sha256:{kept['sha256']}, smooth vq sha256:".encode() in packet
    again = run("denoise", photo, *CHOSEN, "--noise", "gaussian")
    assert "up to date" in again.stderr


def test_an_absent_model_brings_the_command(shelf_of_models: Shelf, draw: Draw, run: Run) -> None:
    run("models", "import", "smooth", shelf_of_models.vq, ACCEPTED)
    for words in ((), ("--dry-run",)):
        ran = run("denoise", draw("a.png"), *CHOSEN, *words)
        assert is_one_error(ran, 5)
        assert "restore models import smooth smooth_net.pth" in ran.stderr
        assert "https://example.org/smooth_net.pth" in ran.stderr
        assert LICENCE in ran.stderr


def test_a_model_is_for_its_tasks(imported: Shelf, draw: Draw, run: Run) -> None:
    ran = run("denoise", draw("a.png"), "--backend", "shifter", "--model", "fill")
    assert ran.stderr.splitlines() == [
        "error: backend 'shifter' has no model to denoise with 'fill'",
        "hint: known: smooth",
    ]


def test_a_model_of_another_backend_names_it(imported: Shelf, draw: Draw, run: Run) -> None:
    ran = run("denoise", draw("a.png"), "--backend", "identity", "--model", "smooth")
    assert ran.exit_code == 5
    assert ran.stderr.splitlines()[-1] == "hint: it is one of --backend shifter"


def test_a_licence_that_changed_was_not_accepted(imported: Shelf, draw: Draw, run: Run) -> None:
    text = imported.lock.read_text()
    imported.lock.write_text(text.replace(LICENCE, "Test Licence 2: ask first"))
    ran = run("denoise", draw("a.png"), *CHOSEN)
    assert is_one_error(ran, 11)
    again = ("models", "import", "smooth", imported.net, imported.vq, ACCEPTED)
    assert run(*again).exit_code == 0
    assert run("denoise", draw("a.png"), *CHOSEN).exit_code == 0


def test_a_hash_that_became_known_must_be_the_pinned_one(
    imported: Shelf, draw: Draw, run: Run
) -> None:
    text, head = imported.lock.read_text(), '["smooth_net.pth"]\n'
    imported.lock.write_text(text.replace(head, f'{head}sha256 = "{"ab" * 32}"\n'))
    ran = run("denoise", draw("a.png"), *CHOSEN)
    assert is_one_error(ran, 5)
    assert "ab" * 32 in ran.stderr


def test_an_imported_model_needs_no_download_any_more(
    imported: Shelf, draw: Draw, run: Run
) -> None:
    imported.net.unlink()
    imported.vq.unlink()
    assert run("denoise", draw("a.png"), *CHOSEN).exit_code == 0
    assert run("models", "import", "fill", imported.put("fill_net.pth", net(1)), ACCEPTED)
    assert run("models", "verify", "fill").exit_code == 0
