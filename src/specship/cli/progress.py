"""Progress of a command on standard error: how far, how fast, how long still."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

from specship.cli import streams
from specship.report.progress import ProgressLines

_SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_OF_SILENCE = 2.0
"""After so long a person wonders."""


@contextlib.contextmanager
def progress(name: str) -> Iterator[Callable[..., None]]:
    """Gives `report(done, total, unit, **figures)`, which long work calls as often as it likes.

    One rewritten line on a terminal, a line every ten seconds elsewhere; standard output is left alone.
    """
    lines = ProgressLines(_write, live=sys.stderr.isatty())
    began, first, counted = time.monotonic(), 0.0, ""
    last = 0.0

    def report(done: float, total: float, unit: str, **figures: float | str) -> None:
        nonlocal last, began, first, counted
        now = time.monotonic()
        if (
            unit != counted
        ):  # a part of the work begins, or goes on from where it was left: its speed is its own
            began, first, counted = now, done, unit
        if done < total and now - last < _SECONDS_BETWEEN_REPORTS:
            return
        last = now
        elapsed, moved = now - began, done - first
        lines({
            "event": "progress",
            "stage": name,
            "done": done,
            "total": total,
            "unit": unit,
            "figures": figures or ({f"{unit}/s": float(f"{done / elapsed:.3g}")} if elapsed and done else {}),
            "seconds_left": elapsed / moved * (total - done) if moved > 0 else None,
        })  # fmt: skip

    try:
        yield report
    finally:
        lines.clear()


@contextlib.contextmanager
def stages() -> Iterator[ProgressLines]:
    """Gives a listener of a runner of stages, which shows each of them and what is measured."""
    lines = ProgressLines(_write, live=sys.stderr.isatty())
    try:
        yield lines
    finally:
        lines.clear()


@contextlib.contextmanager
def until_it_speaks(verb: str, *, after: float = SECONDS_OF_SILENCE) -> Iterator[None]:
    """Tells a terminal that a verb is at work, and how long by now, until that writes anything itself.

    So a verb that counts its work shows that, one that cannot know how much there is shows this, and a
    question to a person is not written over.
    """
    lines = ProgressLines(_write_aside, live=True)
    spoken, one_at_a_time = threading.Event(), threading.Lock()

    def make_way() -> None:
        with one_at_a_time:
            spoken.set()
            lines.clear()

    def tell() -> None:
        began, pause = time.monotonic(), after
        while not spoken.wait(pause):
            pause = 1.0
            with one_at_a_time:
                if not spoken.is_set():
                    lines({"event": "silence", "verb": verb, "seconds": time.monotonic() - began})

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        with streams.before_writing(make_way):
            yield
    finally:
        make_way()
        teller.join()


def _write_aside(text: str) -> None:
    """Onto the terminal, without counting as a word of the verb."""
    with contextlib.suppress(OSError):
        os.write(2, text.encode(sys.stderr.encoding, "replace"))


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
