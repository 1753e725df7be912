"""What a person sees while the suite works: which stage, how far, how fast, how long still."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any, Final

from specship.report.formatting import duration, sparkline
from specship.units import show

_SECONDS_BETWEEN_PLAIN_LINES: Final = 10.0
_WIDEST: Final = 100
"""Columns of the line that is written again and again; a longer one than the terminal's would pile up."""


def progress_text(event: dict[str, Any], losses: list[float]) -> str:
    """One line of progress: `run  step 120/600 · loss 4.61 · tokens/s 21 904 · 48 s left ▇▅▃▂`."""
    done, total = event["done"], event["total"]
    parts = [f"{event['unit']} {show(done)}/{show(total)}"]
    for name, value in event["figures"].items():
        shown = (
            f"{value:,.0f}".replace(",", " ") if isinstance(value, float) and value >= 1000 else show(value)
        )
        parts.append(f"{name.replace('tokens_per_second', 'tokens/s')} {shown}")
    if event.get("seconds_left") is not None and done < total:
        parts.append(f"{duration(event['seconds_left'])} left")
    line = f"{event['stage']}  " + " · ".join(parts)
    return f"{line}  {sparkline(losses)}" if len(losses) > 1 else line


class ProgressLines:
    """Turns events into lines: one rewritten line on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, write: Callable[[str], None], *, live: bool) -> None:
        self._write = write
        self._live = live
        self._width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
        self._losses: list[float] = []
        self._last = time.monotonic()
        self._open = False

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event."""
        match event["event"]:
            case "stage":
                self._losses = []
                self._last = time.monotonic()
                self._line(f"{event['stage']}  started: {event['why']}")
            case "progress":
                self._progress(event)
            case "finished" if not event["cached"]:
                self._line(f"{event['stage']}  done in {duration(event['seconds'])}")
            case "silence":
                self._replace(f"{event['verb']}  at work for {duration(event['seconds'])}")
            case "gate":
                self._replace(f"measuring {event['gate']}")
            case "note":
                self._line(event["text"])

    def _progress(self, event: dict[str, Any]) -> None:
        if isinstance(loss := event["figures"].get("loss"), int | float):
            self._losses.append(float(loss))
        text = progress_text(event, self._losses)
        if self._live:
            self._replace(text)
        elif time.monotonic() - self._last >= _SECONDS_BETWEEN_PLAIN_LINES:
            self._last = time.monotonic()
            self._line(text)

    def _replace(self, text: str) -> None:
        if self._live:
            self._write("\r\x1b[K" + text[: self._width - 1])
            self._open = True

    def _line(self, text: str) -> None:
        self.clear()
        self._write(f"{'' if self._live else chr(10)}{text}\n" if not self._live else text + "\n")

    def clear(self) -> None:
        """Take the rewritten line away."""
        if self._open:
            self._write("\r\x1b[K")
            self._open = False
