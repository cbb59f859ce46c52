"""Make the next items in a thread while the current one is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")


class _Ended(Exception):
    """Stands in the queue after the last item."""


def prefetched(items: Iterator[Item], ahead: int) -> Iterator[Item]:
    """Yield the same items, up to `ahead` of them made in advance; errors arrive in place."""
    made: queue.Queue[Item | BaseException] = queue.Queue(ahead)

    def work() -> None:
        try:
            for item in items:
                made.put(item)
            made.put(_Ended())
        except BaseException as error:  # handed over, not swallowed: raised where it is consumed
            made.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        item = made.get()
        if isinstance(item, _Ended):
            return
        if isinstance(item, BaseException):
            raise item
        yield item
