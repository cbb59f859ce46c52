"""Run a job over planned photos on this machine, in threads.

A thread takes one photo all the way from disk to disk, so reading, computing and writing of
different photos overlap without queues between them. What must not run twice at a time (a
GPU's model) is guarded by the engine.
"""

from __future__ import annotations

import os.path
import queue
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

from ..device import is_out_of_memory
from ..errors import DeviceError, OutputError, reason_of
from ..files import make_folder, remove_leftovers
from ..job import Job, Planned
from ..pipeline import Interrupted
from ..record import RunLog
from .engine import Engine
from .outcome import Failed, Report, Result, result_line

STOP_SECONDS = 2.0  #: what an interrupted run waits for a file that is just being written


def run(job: Job, photos: Sequence[Planned]) -> Generator[Result, None, None]:
    """Restore every photo; yield the results in the order of the plan, and keep the run's log.

    Closing the iterator, or an exception in its consumer, stops the threads: finished photos
    stay, unfinished ones leave nothing.

    Raises:
        RestoreError: If the job cannot begin: see `Engine`.
    """
    try:
        engine = Engine(job)
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise _too_little("the model") from error
        raise
    report = Report()
    folders = list(dict.fromkeys(photo.output.parent for photo in photos if photo.output))
    for folder in folders:
        remove_leftovers(folder)
    finished = False
    try:
        with (
            _log(engine, folders) if len(photos) > 1 and folders else nullcontext() as log,
            closing(_results(engine, photos, job.jobs)) as results,
        ):
            for result in results:
                report.add(result)
                if log is not None:
                    log.add(result_line(result, with_record=False))
                yield result
            if log is not None:
                log.finish({"summary": str(report), "exit_code": int(report.exit_code)})
                if not report.done and not report.failed:
                    log.path.unlink(missing_ok=True)  # nothing happened: nothing to tell
        finished = True
    except OSError as error:  # the log's: a photo's own are its result
        raise OutputError(
            f"cannot write the run's log: {reason_of(error)}", hint="choose another folder with -o"
        ) from error
    finally:
        for folder in [] if finished else folders:
            remove_leftovers(folder, own=True)  # of threads that did not stop in time


def _log(engine: Engine, folders: Sequence[Path]) -> RunLog:
    """Begin a log where the outputs are; one photo has its record and needs none."""
    shared = _shared(folders)
    if shared is None:
        make_folder(folders[0])
    return RunLog(shared or folders[0], engine.settings)


def _shared(folders: Sequence[Path]) -> Path | None:
    """Return the folder that all outputs lie in, and make it; None if there is none of theirs."""
    try:
        shared = Path(os.path.commonpath([folder.absolute() for folder in folders]))
    except ValueError:  # on two of Windows' disks
        return None
    make_folder(shared)
    # Photos from all over a disk have nothing in common but a folder that is not theirs.
    apart = shared == Path(shared.anchor) or not os.access(shared, os.W_OK)
    return None if apart else shared


def _results(engine: Engine, photos: Sequence[Planned], jobs: int) -> Generator[Result, None, None]:
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
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _restored(engine: Engine, planned: Planned) -> Result:
    """Restore one photo; a failure of any kind is its result and nobody else's."""
    try:
        return engine.restore(planned)
    except Interrupted:
        raise
    except BaseException as error:  # also a library's panic or exit, which would end the thread
        if is_out_of_memory(error):
            return Failed.of(planned.name, _too_little("this photo"))
        return Failed.of(planned.name, error)


def _too_little(what: str) -> DeviceError:
    return DeviceError(
        f"memory does not suffice for {what}", hint="close other programs, or try --jobs 1"
    )


def _patiently(slot: queue.SimpleQueue[Result]) -> Result:
    """Wait for a result, in short naps so that Ctrl-C is heard at once on every platform."""
    while True:
        try:
            return slot.get(timeout=0.2)
        except queue.Empty:
            continue
