"""How far each process of a run has come, in a few bytes a process: what tells a dead or hanging one.

Everybody who waits for the others looks alike. A process therefore writes down that it began a step, and that
it is about to exchange gradients; the ones behind are those that the others wait for.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

RANKS: Final = "ranks"
"""Folder of the run in which each process but the first keeps its log, and all of them their beats."""
_BEAT: Final = re.compile(r"(\d{12}) ([01])\n")


class Beat(NamedTuple):
    """A place in a run; places compare as they follow on one another."""

    step: int
    exchanging: bool
    """Whether the step is computed as far as the exchange of gradients."""


def beat_path(run: Path, rank: int) -> Path:
    """Where a process writes how far it is."""
    return run / RANKS / f"rank-{rank}.beat"


def waiter_path(run: Path, rank: int) -> Path:
    """Where a process says that an exchange of its own failed: who says so is there."""
    return run / RANKS / f"rank-{rank}.waits"


def error_path(run: Path, rank: int) -> Path:
    """Where a process that fails leaves what it has to say."""
    return run / RANKS / f"rank-{rank}.error"


class BeatWriter:
    """Writes one process's beats; each is one write of as many bytes."""

    def __init__(self, run: Path, rank: int) -> None:
        path = beat_path(run, rank)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)

    def write(self, step: int, *, exchanging: bool) -> None:
        """Say how far this process is."""
        os.pwrite(self._descriptor, f"{step:012d} {int(exchanging)}\n".encode(), 0)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


def read_beats(run: Path, world: int) -> dict[int, Beat]:
    """How far each process is; one that has written nothing yet is before its first step."""
    found = {}
    for rank in range(world):
        path = beat_path(run, rank)
        match = _BEAT.match(path.read_text(encoding="ascii")) if path.is_file() else None
        found[rank] = Beat(int(match[1]), match[2] == "1") if match else Beat(0, exchanging=False)
    return found


def roll_call(run: Path, rank: int, world: int, *, seconds: float) -> list[int]:
    """Say that this process's exchange failed; who did not say the same in that time, by rank.

    A process that died says nothing, nor does one that hangs, and beats alone name neither where it went in
    the very exchange that failed.
    """
    waiter_path(run, rank).touch()
    until = time.monotonic() + seconds
    while True:
        absent = [other for other in range(world) if not waiter_path(run, other).exists()]
        if not absent or time.monotonic() > until:
            return absent
        time.sleep(0.05)


def behind(beats: Mapping[int, Beat]) -> list[int]:
    """The processes that the others wait for; none where all are at one place."""
    furthest = max(beats.values())
    return [rank for rank, beat in beats.items() if beat < furthest]
