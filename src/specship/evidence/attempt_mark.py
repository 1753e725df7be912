"""Marks beside a ledger: which attempts are under way, and which were interrupted.

A judge sets a mark before it writes an attempt, holds a lock on it while it measures, and takes it away when
the result is on the disk. So an attempt without a result has a mark that somebody holds (it is under way), or
one that nobody holds (its judge was killed), or none: then the result was there, and was removed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from typing import Final

from specship.files import make_folder, sync_folder, write_errors

ENDING: Final = ".open"


class Mark(IntEnum):
    """What a mark says of its attempt."""

    INTERRUPTED = 1
    UNDER_WAY = 2


def _let_go(descriptor: int) -> None:
    """Close a mark: nothing was written into it that could be lost."""
    with suppress(OSError):
        os.close(descriptor)


def _place(folder: Path, digest: str) -> Path:
    return folder / f"{digest}{ENDING}"


def mark_of(folder: Path, digest: str) -> Mark | None:
    """The mark of an attempt in a ledger's folder; None where there is none."""
    try:
        descriptor = os.open(_place(folder, digest), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return Mark.UNDER_WAY
    finally:
        _let_go(descriptor)
    return Mark.INTERRUPTED


def clear_mark(folder: Path, digest: str) -> None:
    """Take away the mark of an attempt that has its result."""
    with write_errors(folder):
        _place(folder, digest).unlink(missing_ok=True)


@contextmanager
def under_way(folder: Path, digest: str) -> Iterator[None]:
    """Mark an attempt that is about to be written; the mark stays behind when the block does not end well.

    Raises:
        CannotWrite: the disk is full or refuses; nothing was begun.
    """
    path = _place(folder, digest)
    with write_errors(path):
        make_folder(folder)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o644)
    try:
        with write_errors(path):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            sync_folder(folder)
        yield
        clear_mark(folder, digest)
    finally:
        _let_go(descriptor)
