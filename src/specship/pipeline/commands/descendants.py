"""Processes that a command leaves behind: found whatever they did to get away, and ended.

A process that is no longer anybody's child becomes the child of the nearest ancestor that asked for it
(PR_SET_CHILD_SUBREAPER, Linux); so whatever a command started is below this process until it is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

_SET_CHILD_SUBREAPER: Final = 36
_SET_PDEATHSIG: Final = 1


def adopt_orphans() -> None:
    """Have children of children become ours when their parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)


def die_with_the_parent() -> None:
    """In a child that was just made: end at once when the parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)


def children() -> frozenset[int]:
    """Processes whose parent is this one."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it ended meanwhile
            if int(entry.read_text(errors="replace").rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(entry.parent.name))
    return frozenset(found)


def end_all(but: AbstractSet[int]) -> None:
    """End every child but those, and the children that each of them leaves, until none is left."""
    while left := children() - but:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)
