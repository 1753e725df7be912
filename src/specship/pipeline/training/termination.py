"""A signal as a request: finish the step, save, and leave with 128 and its number; a second ends at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final, Self

PREEMPTED_STATUS: Final = 128 + signal.SIGTERM
"""Exit status of a process that saved its work because it was told to end."""


class TerminationWatch:
    """Notes the first signal while it is entered; only the main thread can listen."""

    def __init__(self, *signals: signal.Signals) -> None:
        """Listen to SIGTERM, or to the signals that are given."""
        self.asked = False
        self.signal_name = ""
        """Of the signal that came."""
        self._signals = signals or (signal.SIGTERM,)
        self._before: dict[signal.Signals, Any] = {}
        self._listens = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._listens:
            self._before = {one: signal.signal(one, self._note) for one in self._signals}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listens:
            for one, before in self._before.items():
                signal.signal(one, before)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.asked = True
        self.signal_name = signal.Signals(number).name
