"""Standard output and error as a command may find them: closed, full, or read by nobody any more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from specship.report.folding import folded
from specship.report.formats import TEXT
from specship.report.verdict_colours import painted

_DESCRIPTORS: Final = {"stdout": 1, "stderr": 2}
_DIGITS: Final = 4
"""Of a number of columns that is believed."""


class _Unread(io.FileIO):
    """A descriptor whose reader may go away: what it would have read is dropped, and the work goes on.

    So `specship lint | head -1` ends with the status that it has without `head`.
    """

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            # Of errors that cannot be told there is nobody to tell.
            if isinstance(error, BrokenPipeError) or self.fileno() == _DESCRIPTORS["stderr"]:
                return memoryview(data).nbytes
            raise


class _Lines(io.TextIOWrapper):
    """Text for people, whose lines are folded where it is known how wide they may be."""

    def __init__(self, *given: Any, width: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self.width = width
        """Columns; 0: lines stay as they are."""
        self._begun = ""
        self.make_way: Callable[[], None] | None = None
        """Called before anything is written."""

    def write(self, text: str, /) -> int:
        if self.make_way is not None:
            self.make_way()
        if not self.width:
            return super().write(text)
        whole, newline, self._begun = (self._begun + text).rpartition("\n")
        super().write(folded(whole, self.width) + newline)
        return len(text)

    def flush(self) -> None:
        begun, self._begun = self._begun, ""
        if begun:
            super().write(begun)
        super().flush()

    def document(self, text: str) -> None:
        if self.make_way is not None:
            self.make_way()
        self.flush()
        super().write(text)


def stand_up() -> None:
    """Make both streams usable; called once, by the console script.

    Where the shell closed them (`>&-`, cron) what is written goes nowhere. Their descriptors are taken, so
    that no file which a command opens becomes its standard output. Lines are folded for a terminal's width.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, descriptor in _DESCRIPTORS.items():
        stream = getattr(sys, name)
        if stream is not None:
            stream.flush()
        setattr(
            sys,
            name,
            _Lines(
                io.BufferedWriter(_Unread(descriptor, "w", closefd=False)),
                encoding=getattr(stream, "encoding", "utf-8"),
                errors=getattr(stream, "errors", "strict"),
                line_buffering=name == "stderr" or os.isatty(descriptor),
                width=_width(descriptor),
            ),
        )


def for_no_screen() -> None:
    """Fold nothing more of standard output: another format than a person's was asked for."""
    if isinstance(sys.stdout, _Lines):
        sys.stdout.width = 0


def _width(descriptor: int) -> int:
    """Columns of what shows a stream, or of `COLUMNS`; 0 for a pipe, which gets whole lines."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and len(given) <= _DIGITS:
        return int(given)
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0


@contextlib.contextmanager
def before_writing(make_way: Callable[[], None]) -> Iterator[None]:
    """Call something before each write to standard output or error."""
    own = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, _Lines)]
    for stream in own:
        stream.make_way = make_way
    try:
        yield
    finally:
        for stream in own:
            stream.make_way = None


def document(text: str) -> None:
    """Print what is copied, kept in a file or read by a program: none of its lines is folded."""
    if isinstance(sys.stdout, _Lines):
        sys.stdout.document(text)
    else:
        sys.stdout.write(text)


def coloured() -> bool:
    """Whether what a verb prints has colours: at a terminal that knows some, unless `NO_COLOR` says no.

    `FORCE_COLOR` asks for it where there is none, as pytest takes it. Source: no-color.org, force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def verdicts(text: str, form: str) -> str:
    """A text; in the format for people its verdicts have colours, where what is printed has some."""
    return painted(text) if form == TEXT and coloured() else text


def lost() -> str:
    """Why what was written did not arrive, where the disk is full; empty when it did."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _DESCRIPTORS["stdout"])
        return f"standard output: {error.strerror}"
    return ""
