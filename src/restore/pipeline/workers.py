"""Strips of a photo, side by side on the cores."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_MOST: ContextVar[int | None] = ContextVar("at_most", default=None)


class Interrupted(BaseException):
    """The user asked to stop. Not an `Exception`: nothing on the way may take it for a failure."""


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Let any `Workers.each` that is called within this block run no more items at once."""
    before = _AT_MOST.set(count)
    try:
        yield
    finally:
        _AT_MOST.reset(before)


class Workers:
    """A pool that runs pure functions of strips and tiles, and can be told to stop."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="strip")
        self._stop = threading.Event()

    def each(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply `work` to every item, in parallel; return the results in order.

        See `at_most` for how many at once. A failure is raised when nothing of this call is running
        any more.

        Raises:
            Interrupted: If `stop` was called; what was not begun never is.
        """

        def unless_stopped(item: Item) -> Result:
            self.check()
            return work(item)

        # Each is let go of when it is asked for its result: a failure would hold itself through
        # this frame, and with it whatever it failed on.
        begun: deque[Future[Result]] = deque()
        results = []
        try:
            for item in items:
                if len(begun) == _AT_MOST.get():
                    results.append(begun.popleft().result())
                begun.append(self._pool.submit(unless_stopped, item))
            while begun:
                results.append(begun.popleft().result())
        except BaseException:
            wait([one for one in begun if not one.cancel()])
            raise
        return results

    def stop(self) -> None:
        self._stop.set()

    def check(self) -> None:
        """Raise `Interrupted` if `stop` was called."""
        if self._stop.is_set():
            raise Interrupted
