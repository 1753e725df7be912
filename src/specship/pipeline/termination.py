"""SIGTERM as a request: finish the step, save, and leave with 143; a second one ends at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final, Self

PREEMPTED_STATUS: Final = 128 + signal.SIGTERM
"""Exit status of a process that saved its work because it was told to end."""


class TerminationWatch:
    """Notes the first SIGTERM while it is entered; only the main thread can listen."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None
        self._listens = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._listens:
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listens:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.asked = True
