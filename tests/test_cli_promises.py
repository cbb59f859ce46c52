"""What the command promises: the same bytes, only colour added, a record, nothing lost."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imagecodecs
import jsonschema
import numpy as np
import pytest
import tifffile
import torch
from conftest import Ran, scene
from PIL import Image, ImageCms

from restore import color

Run = Callable[..., Ran]
Draw = Callable[..., Path]
Offer = Callable[[str], None]

IDENTITY = ("--backend", "identity")
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every picture below a folder."""
    files = [path for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".tif")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def record_of(output: Path) -> dict[str, Any]:
    return json.loads(output.with_name(f"{output.name}.json").read_bytes())


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def lab(path: Path) -> torch.Tensor:
    return color.to_lab(torch.tensor(pixels(path)).permute(2, 0, 1) / 255)


@pytest.fixture
def photos(draw: Draw) -> list[Path]:
    sizes = ((60, 80), (80, 60), (33, 70), (60, 80))
    return [draw(f"in/{n}.jpg", *size, seed=n) for n, size in enumerate(sizes)]


def test_company_order_and_workers_change_no_byte(
    tmp_path: Path, photos: list[Path], run: Run
) -> None:
    words = ("colorize", "--seed", 3, "--confidence", "--steps", 2)
    assert run(*words, photos[0], "-o", f"{tmp_path}/alone/", "--threads", 1).exit_code == 0
    assert run(*words, *photos, "-o", tmp_path / "all", "--jobs", 1).exit_code == 0
    back = photos[::-1]
    assert run(*words, *back, "-o", tmp_path / "back", "--jobs", 4, "--threads", 3).exit_code == 0
    everything = hashes(tmp_path / "all")
    assert len(everything) == 2 * len(photos)
    assert hashes(tmp_path / "back") == everything
    assert hashes(tmp_path / "alone").items() <= everything.items()


def test_the_seed_changes_the_colours_unless_variety_is_none(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("a.png")
    for variety in (0, 1):
        for seed in (1, 2):
            words = ("--variety", variety, "--seed", seed, "-o", tmp_path / f"{variety}{seed}.png")
            assert run("colorize", photo, *words).exit_code == 0
    assert np.array_equal(pixels(tmp_path / "01.png"), pixels(tmp_path / "02.png"))
    assert not np.array_equal(pixels(tmp_path / "11.png"), pixels(tmp_path / "12.png"))


def test_reduced_precision_is_the_same_picture_to_the_eye(
    tmp_path: Path, draw: Draw, run: Run
) -> None:
    photo = draw("a.png")
    for precision in ("fp32", "bf16"):
        output = tmp_path / f"{precision}.png"
        assert run("colorize", photo, "--precision", precision, "-o", output).exit_code == 0
    difference = color.ciede2000(lab(tmp_path / "fp32.png"), lab(tmp_path / "bf16.png"))
    assert 0 < float(difference.mean()) < 1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (300, 2), (61, 83)])
def test_only_colour_is_added(tmp_path: Path, run: Run, size: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    photo = tmp_path / "a.png"
    Image.fromarray(grey).save(photo)
    assert run("colorize", photo, "--saturation", 3, "--variety", 1).exit_code == 0
    result = pixels(tmp_path / "a.colorized.png")
    assert result.shape == (*size, 3)
    before = color.lightness(torch.from_numpy(grey[:, :, None]))
    after = color.lightness(torch.tensor(result))
    assert float((after - before).abs().max()) <= 100 / 255


def test_the_record_says_it_all(photos: list[Path], run: Run) -> None:
    photos = photos[:2]
    words = ("--json", "--confidence", "--samples", 2, "--save-samples", "--steps", 2)
    ran = run("colorize", *photos, *words)
    assert ran.exit_code == 0
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["input"] for line in lines] == [str(photo) for photo in photos]
    schema = json.loads((importlib.resources.files("restore") / "record.schema.json").read_text())
    for photo, line in zip(photos, lines, strict=True):
        record = line["record"]
        jsonschema.validate(record, schema)
        assert record == record_of(Path(line["output"]))
        assert record["input"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert record["output"]["sha256"] == hashes(photo.parent)[Path(line["output"]).name]
        assert record["weights"][0]["name"] == "colorizer-v1"
        assert record["licence"]
        assert record["options"].keys() >= {"variety", "steps", "saturation", "seed", "samples"}
        assert record["timings"].keys() >= {"read", "network", "render", "encode"}
        assert record["versions"].keys() >= {"python", "torch", "numpy"}


def test_a_batch_keeps_a_log(tmp_path: Path, photos: list[Path], run: Run) -> None:
    out = tmp_path / "out"
    assert run("colorize", tmp_path / "in", "-o", out, *IDENTITY).exit_code == 0
    (log,) = out.glob("restore-run-*.jsonl")
    start, *lines, end = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert start["settings"]["backend"] == "identity"
    assert [line["input"] for line in lines] == [str(photo) for photo in photos]
    assert all(line["status"] == "done" for line in lines)
    assert end["summary"] == "4 done"


def test_one_photo_keeps_no_log(draw: Draw, run: Run) -> None:
    photo = draw("a.jpg")
    assert run("colorize", photo, *IDENTITY).exit_code == 0
    assert not list(photo.parent.glob("restore-run-*"))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_output_says_what_it_is(tmp_path: Path, draw: Draw, run: Run, suffix: str) -> None:
    output = tmp_path / f"out{suffix}"
    assert run("colorize", draw("a.png"), "-o", output).exit_code == 0
    packet = re.search(rb"<x:xmpmeta.*</x:xmpmeta>", output.read_bytes(), re.S)
    assert packet is not None
    assert SOURCE_TYPE.encode() in packet[0]
    assert b"AISystemUsed" in packet[0]
    assert record_of(output)["digital_source_type"] == SOURCE_TYPE
    # What is embedded holds no path, so that the same run gives the same bytes anywhere.
    assert str(tmp_path).encode() not in output.read_bytes()


def test_a_turned_photo_comes_back_upright_with_all_that_it_carried(
    tmp_path: Path, run: Run
) -> None:
    photo = tmp_path / "a.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x9003] = 6, "A camera", "1950:01:01 00:00:00"
    upright = scene(60, 80)
    stored = Image.fromarray(upright).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    stored.save(photo, exif=exif, icc_profile=profile, dpi=(300, 300), quality=95)
    assert run("colorize", photo).exit_code == 0
    with Image.open(tmp_path / "a.colorized.jpg") as picture:
        assert picture.size == (80, 60)
        assert picture.getexif()[0x0112] == 1
        assert picture.getexif()[0x010F] == "A camera"
        assert picture.info["icc_profile"] == profile
        assert picture.info["dpi"] == (300, 300)
        error = np.asarray(picture.convert("L"), float) - upright
    assert np.abs(error).mean() < 8


@pytest.mark.parametrize("dark", [False, True])
def test_sixteen_bits_stay_sixteen(tmp_path: Path, run: Run, dark: bool) -> None:
    grey = (scene(60, 80).astype(np.uint16) * 257) >> (8 if dark else 0)
    alpha = np.full_like(grey, 40000)
    alpha[:10] = 0
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(np.dstack([grey, alpha])))
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack")
    ran = run("colorize", tmp_path / "a.png", tmp_path / "a.tif")
    assert ran.exit_code == 0
    png = imagecodecs.png_decode((tmp_path / "a.colorized.png").read_bytes())
    assert png.dtype == np.uint16
    assert png.shape == (60, 80, 4)
    assert np.array_equal(png[:, :, 3], alpha)
    tiff = tifffile.imread(tmp_path / "a.colorized.tif")
    assert tiff.dtype == np.uint16
    assert tiff.shape == (60, 80, 3)
    before = color.lightness(torch.from_numpy(grey.astype(np.uint16)[:, :, None]))
    after = color.lightness(torch.from_numpy(tiff))
    assert float((after - before).abs().max()) <= 100 / 255


def test_a_photo_that_has_colour_is_done_with_a_notice(tmp_path: Path, run: Run) -> None:
    photo = tmp_path / "a.png"
    rgb = np.random.default_rng(2).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(rgb.repeat(10, 0).repeat(10, 1)).save(photo)
    ran = run("colorize", photo)
    assert ran.exit_code == 0
    assert f"note: {photo}: it has colours already" in ran.stderr
    warnings = record_of(tmp_path / "a.colorized.png")["warnings"]
    assert warnings == ["it has colours already: they are replaced, only its lightness is used"]


def test_a_hint_is_obeyed_where_it_is(tmp_path: Path, draw: Draw, run: Run) -> None:
    photo = draw("a.png")
    ran = run("colorize", photo, "--hint", "20,10=#c03030", "-o", tmp_path / "hinted.png")
    assert ran.exit_code == 0
    _, a, _ = lab(tmp_path / "hinted.png")[:, 10, 20].tolist()
    assert a > 15
    assert record_of(tmp_path / "hinted.png")["options"]["hints"] == ["20,10=#c03030"]


class Killed(Exception):
    """Everything stops here."""


@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.parametrize("moment", range(5))
def test_killed_at_any_rename_the_same_command_finishes(
    tmp_path: Path,
    draw: Draw,
    run: Run,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
    moment: int,
    stale: bool,
) -> None:
    offer("Painter")
    folder = draw("in/a.jpg").parent
    words = ("--confidence", "--samples", 2, "--save-samples")
    assert run("colorize", draw("whole/a.jpg"), *words).exit_code == 0
    if stale:
        assert run("colorize", folder, *words, "--seed", 5).exit_code == 0
    left = moment

    def rename(path: Path, target: Path) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        os.replace(path, target)  # noqa: PTH105 - the method is what is replaced

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", rename)
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: None)
        patch.setattr(os, "getpid", lambda: 2**30)  # of no process
        assert run("colorize", folder, *words).exit_code == 1
    assert any(path.suffix == ".part" for path in folder.iterdir())
    ran = run("colorize", folder, *words)
    assert ran.exit_code == 0, ran.stderr
    assert hashes(folder) == hashes(tmp_path / "whole")
    names = [sorted(path.name for path in one.iterdir()) for one in (folder, tmp_path / "whole")]
    assert names[0] == names[1]


DRIVER = """
import sys
from restore import registry
from restore.backend import Entry, Task
from restore.__main__ import start
row = Entry("fake", f"fakes:{sys.argv.pop(1)}", (Task.COLORIZE,), "for tests", draws=True)
registry.BACKENDS = (row, *registry.BACKENDS)
start()
"""


@contextmanager
def begun(folder: Path, fake: str, *words: str, done: int) -> Iterator[subprocess.Popen[str]]:
    """Restore the photos of `in` in a process, which has finished some of them."""
    paths = [str(Path(__file__).parent), str(Path(color.__file__).parents[1])]
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, fake, "colorize", "in", "-o", "out", "--jobs", "2", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("out/*.jpg"))) < done and time.monotonic() < deadline:
            time.sleep(0.02)
        yield process
        process.kill()


@pytest.fixture
def batch(tmp_path: Path, draw: Draw) -> Iterator[subprocess.Popen[str]]:
    """A process that restores forty photos with a slow model and has finished a few."""
    for number in range(40):
        draw(f"in/{number:02}.jpg", seed=number)
    with begun(tmp_path, "Slow", done=3) as process:
        yield process


def finished(out: Path) -> dict[str, str]:
    """Return the hashes of the outputs, each of which must be what its record says."""
    found = hashes(out)
    for name, digest in found.items():
        assert record_of(out / name)["output"]["sha256"] == digest
    return found


def test_ctrl_c_stops_at_once_and_keeps_what_is_done(
    tmp_path: Path, batch: subprocess.Popen[str]
) -> None:
    batch.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, stderr = batch.communicate(timeout=30)
    assert time.monotonic() - started < 4
    assert batch.returncode == 130
    assert stderr.splitlines()[-1] == "interrupted; finished photos are kept"
    assert "Traceback" not in stderr
    assert 3 <= len(finished(tmp_path / "out")) < 40
    assert not list(tmp_path.rglob("*.part"))
    (log,) = tmp_path.glob("out/restore-run-*.jsonl")
    last = json.loads(log.read_bytes().splitlines()[-1])
    assert (last["event"], last["status"]) == ("end", "interrupted")


@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_while_threads_are_inside_torch(tmp_path: Path, draw: Draw, times: int) -> None:
    for number in range(6):
        draw(f"in/{number}.jpg", seed=number)
    with begun(tmp_path, "Endless", done=2) as process:
        time.sleep(0.5)  # until the next two are there
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)  # or the system makes one of them
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert stderr.splitlines()[-1] == "interrupted; finished photos are kept"
    assert "terminate" not in stderr
    assert len(finished(tmp_path / "out")) == 2
    assert not list(tmp_path.rglob("*.part"))
    (log,) = (tmp_path / "out").glob("restore-run-*.jsonl")
    assert json.loads(log.read_bytes().splitlines()[-1])["status"] == "interrupted"


IMPORTING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from restore.__main__ import start
start()
"""


def test_ctrl_c_while_the_program_is_loaded() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        env={**os.environ, "PYTHONPATH": str(Path(color.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (130, "interrupted\n")


def test_killed_the_same_command_finishes_only_what_is_not_done(
    tmp_path: Path,
    batch: subprocess.Popen[str],
    run: Run,
    offer: Offer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch.kill()
    batch.communicate()
    done = finished(tmp_path / "out")
    times = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in done}
    assert 3 <= len(done) < 40
    offer("Painter")  # the same results, sooner
    monkeypatch.chdir(tmp_path)
    ran = run("colorize", "in", "-o", "out")
    assert ran.exit_code == 0
    assert f"{40 - len(done)} done, {len(done)} up to date" in ran.stderr
    assert len(finished(tmp_path / "out")) == 40
    assert times == {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in times}
    assert not list(tmp_path.rglob("*.part"))


def program(
    *words: object, stdin: int | None = None, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start the command as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "restore", *(str(word) for word in words)],
        env={**os.environ, "PYTHONPATH": str(Path(color.__file__).parents[1])},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def test_ctrl_c_while_waiting_for_a_pipe(tmp_path: Path) -> None:
    with program("colorize", "-", "-o", tmp_path / "a.jpg", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(bytes(300_000))  # more than a pipe holds: now it reads
        process.stdin.flush()
        time.sleep(0.2)  # between two reads a signal is not heard until the next byte
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == b"interrupted; finished photos are kept\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("-n",), ("-n", "--json"), ("--json",), ("-o", "-")])
def test_standard_output_that_takes_no_more(draw: Draw, words: tuple[str, ...]) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        program("colorize", draw("a.jpg"), *words, *IDENTITY, stdout=full.fileno()) as process,
    ):
        assert process.stderr is not None
        stderr = process.stderr.read().decode()
        assert process.wait(timeout=60) == 4
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1].startswith("error: cannot write to standard output: ")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell that closes streams")
def test_standard_error_that_is_closed(draw: Draw) -> None:
    photos = [str(draw(name)) for name in ("a.jpg", "b.jpg")]
    words = [sys.executable, "-m", "restore", "colorize", *photos, *IDENTITY]
    ran = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *words],
        env={**os.environ, "PYTHONPATH": str(Path(color.__file__).parents[1])},
        stdout=subprocess.PIPE,
    )
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert pixels(Path(photos[1]).with_name("b.colorized.jpg")).shape == (60, 80, 3)


@pytest.mark.parametrize("words", [("--help",), ("colorize", "PHOTO", "-o", "-", *IDENTITY)])
def test_a_pipe_whose_reader_is_gone(draw: Draw, words: tuple[str, ...]) -> None:
    photo = draw("a.jpg")
    reader, writer = os.pipe()
    os.close(reader)
    words = tuple(str(photo) if word == "PHOTO" else word for word in words)
    with program(*words, stdout=writer) as process:
        os.close(writer)
        assert process.stderr is not None
        stderr = process.stderr.read()
        assert process.wait(timeout=60) == 141
    assert b"Error" not in stderr
    assert b"Traceback" not in stderr
