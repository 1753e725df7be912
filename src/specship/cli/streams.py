"""Standard output and error as a command may find them: closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, Final

_DESCRIPTORS: Final = {"stdout": 1, "stderr": 2}


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


def stand_up() -> None:
    """Make both streams usable; called once, by the console script.

    Where the shell closed them (`>&-`, cron) what is written goes nowhere. Their descriptors are taken, so
    that no file which a command opens becomes its standard output.
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
            io.TextIOWrapper(
                io.BufferedWriter(_Unread(descriptor, "w", closefd=False)),
                encoding=getattr(stream, "encoding", "utf-8"),
                errors=getattr(stream, "errors", "strict"),
                line_buffering=name == "stderr" or os.isatty(descriptor),
            ),
        )


def coloured() -> bool:
    """Whether what a verb prints has colours: at a terminal that knows some, unless `NO_COLOR` says no.

    `FORCE_COLOR` asks for it where there is none, as pytest takes it. Source: no-color.org, force-color.org.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def lost() -> str:
    """Why what was written did not arrive, where the disk is full; empty when it did."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _DESCRIPTORS["stdout"])
        return f"standard output: {error.strerror}"
    return ""
