"""Run a job over planned photos on this machine, in threads.

A thread takes one photo all the way from disk to disk, so reading, computing and writing of
different photos overlap without queues between them. What must not run twice at a time (a
GPU's model) is guarded by the engine.
"""

from __future__ import annotations

import os.path
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

from ..errors import OutputError
from ..files import make_folder
from ..job import Job, Planned
from ..pipeline import Interrupted
from ..record import RunLog
from .engine import Engine
from .outcome import Failed, Report, Result, result_line

STOP_SECONDS = 5.0  #: what an interrupted run waits for a file that is just being written


def run(job: Job, photos: Sequence[Planned]) -> Iterator[Result]:
    """Restore every photo; yield the results in the order of the plan, and keep the run's log.

    Closing the iterator, or an exception in its consumer, stops the threads: finished photos
    stay, unfinished ones leave nothing.

    Raises:
        RestoreError: If the job cannot begin: see `Engine`.
    """
    engine = Engine(job)
    report = Report()
    with _log(engine, photos) as log:
        for result in _results(engine, photos, job.jobs):
            report.add(result)
            if log is not None:
                log.add(result_line(result))
            yield result
        if log is not None:
            log.finish({"summary": str(report), "exit_code": int(report.exit_code)})


def _log(engine: Engine, photos: Sequence[Planned]) -> RunLog | nullcontext[None]:
    """Begin a log where the outputs are; one photo has its record and needs none."""
    folders = [str(photo.output.absolute().parent) for photo in photos if photo.output]
    if len(photos) < 2 or not folders:
        return nullcontext()
    folder = Path(os.path.commonpath(folders))
    make_folder(folder)
    try:
        return RunLog(folder, engine.settings)
    except OSError as error:
        raise OutputError(f"cannot write the run's log in {folder}: {error.strerror}") from error


def _results(engine: Engine, photos: Sequence[Planned], jobs: int) -> Iterator[Result]:
    slots: list[queue.SimpleQueue[Result]] = [queue.SimpleQueue() for _ in photos]
    waiting = iter(range(len(photos)))
    lock = threading.Lock()
    # Results wait for their turn; one that holds a file must not pile up behind a slow photo.
    room = threading.Semaphore(2 * jobs)

    def work() -> None:
        while True:
            room.acquire()
            with lock:
                index = next(waiting, None)
            if index is None:
                return
            try:
                slots[index].put(_restored(engine, photos[index]))
            except Interrupted:
                return

    threads = [
        threading.Thread(target=work, name=f"photo-{n}", daemon=True)
        for n in range(min(jobs, len(photos)))
    ]
    for thread in threads:
        thread.start()
    try:
        for slot in slots:
            yield _patiently(slot)
            room.release()
    finally:
        engine.stop()
        room.release(len(threads))
        for thread in threads:
            thread.join(STOP_SECONDS)


def _restored(engine: Engine, planned: Planned) -> Result:
    """Restore one photo; a failure of any kind is its result and nobody else's."""
    try:
        return engine.restore(planned)
    except Exception as error:  # reported with its traceback, and the exit code says so
        return Failed(planned.name, error)


def _patiently(slot: queue.SimpleQueue[Result]) -> Result:
    """Wait for a result, in short naps so that Ctrl-C is heard at once on every platform."""
    while True:
        try:
            return slot.get(timeout=0.2)
        except queue.Empty:
            continue
