"""Work that goes on beside other work, such as a digest beside a parser; its outcome is asked for once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """A call in a thread of its own.

    The thread never keeps a program from ending: whoever fails first need not wait for a long digest.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        """Begin at once."""
        self._work = work
        self._values: list[T] = []
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._values.append(self._work())
        except BaseException as error:  # noqa: BLE001 - handed to whoever asks for the outcome
            self._fault = error

    def result(self) -> T:
        """Wait, and give what the call gave or raise what it raised."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._values[0]
