"""Runs that end early: killed, interrupted, or with nobody to read what they say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ran import IDENTITY, Draw, Offer, Run, hashes, pixels, record_of

from restore import color


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


# A shell's background job, and what it starts, is told to ignore Ctrl-C: these listen again.
DRIVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
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
        try:
            yield process
        finally:
            process.kill()  # else a test that fails would wait for it for ever


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
signal.signal(signal.SIGINT, signal.default_int_handler)
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


@pytest.mark.skipif(os.name == "nt", reason="needs a shell that closes streams")
@pytest.mark.parametrize(
    ("closing", "words", "code", "line"),
    [
        (">&-", ("models", "list"), 4, "error: standard output is closed"),
        (">&-", ("models", "list", "--json"), 4, "error: standard output is closed"),
        (">&-", ("colorize", "PHOTO", "-n"), 4, "error: standard output is closed"),
        (">&-", ("colorize", "PHOTO", "--json", *IDENTITY), 4, "error: standard output is closed"),
        ("<&-", ("colorize", "--files-from", "-"), 2, "Error: standard input is closed"),
    ],
)
def test_other_streams_that_are_closed(
    draw: Draw, closing: str, words: tuple[str, ...], code: int, line: str
) -> None:
    photo = draw("a.jpg")
    words = tuple(str(photo) if word == "PHOTO" else word for word in words)
    ran = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", sys.executable, "-m", "restore", *words],
        env={**os.environ, "PYTHONPATH": str(Path(color.__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False), ran.stderr
    assert line in ran.stderr.splitlines()
    assert [path.name for path in photo.parent.iterdir()] == ["a.jpg"]


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
