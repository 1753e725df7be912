"""Starts the processes of a group on this host, and says which of them ended it when one dies or hangs.

Each gets its number as `torchrun` gives it. One that dies takes the others with it: they wait for it in an
exchange, and cannot tell who is missing as well as their parent, who sees its exit status.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Final

from specship.interpreter import isolated
from specship.pipeline.parallel.beats import beat_path, behind, error_path, read_beats

PEER_GONE: Final = 75
"""Exit status of a process that ended because another one did not come to an exchange (`EX_TEMPFAIL`)."""
_LOOK: Final = 0.05
"""Seconds between two looks at the processes."""
_START: Final = 600.0
"""Seconds at least until all have written a beat: they import, read the data and build the model first."""
_HELD: Final = "TtD"
"""States of a process that waits for nobody of the group (proc_pid_stat(5))."""
_GRACE: Final = 5.0
"""Seconds in which the one that ended first is looked for among those that end, and the rest may leave."""


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """How the processes of a group ended."""

    statuses: tuple[int, ...]
    """Exit status of each, negative for a signal."""
    culprit: int | None
    """The one that ended the others; None where all ended by themselves."""
    reason: str
    """What the culprit did, in words; empty without one."""


class Supervisor:
    """The processes of one group, started here."""

    def __init__(self, module: str, request: Mapping[str, Any], *, world: int, run: Path) -> None:
        """Start them; the request is written to the standard input of each."""
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        self._run, self._world = run, world
        self._store = TCPStore(
            "127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=60)
        )
        for rank in range(world):  # what an earlier session left says nothing of this one
            beat_path(run, rank).unlink(missing_ok=True)
            error_path(run, rank).unlink(missing_ok=True)
        self.workers = [self._start(module, request, rank) for rank in range(world)]

    def _start(self, module: str, request: Mapping[str, Any], rank: int) -> subprocess.Popen[str]:
        own = {
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": self._world,
            "LOCAL_WORLD_SIZE": self._world,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": self._store.port,
            "TORCHELASTIC_USE_AGENT_STORE": True,
        }
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            isolated(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL,
            stderr=None if rank == 0 else subprocess.DEVNULL,
            text=True,
            env={**os.environ, **{name: str(value) for name, value in own.items()}},
            start_new_session=True,  # Ctrl-C reaches the parent, which passes it on
        )
        assert worker.stdin is not None  # noqa: S101 - it is a pipe
        json.dump(request, worker.stdin)
        worker.stdin.close()
        return worker

    @property
    def output(self) -> IO[str]:
        """What the first process says on its standard output."""
        out = self.workers[0].stdout
        assert out is not None  # noqa: S101 - it is a pipe
        return out

    def tell(self, number: int) -> None:
        """Send a signal to all of them."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(number)

    def wait(self, *, silence_seconds: float, looked: Callable[[], None] = lambda: None) -> GroupEnd:
        """Wait for the end of all; one that dies, or that the others wait for too long, ends it."""
        moved, beats = time.monotonic(), read_beats(self._run, self._world)
        while True:
            looked()
            statuses = [worker.poll() for worker in self.workers]
            if any(statuses):
                return self._ended_by(self._first_to_die())
            if all(status == 0 for status in statuses):
                return GroupEnd((0,) * self._world, None, "")
            if (now := read_beats(self._run, self._world)) != beats:
                moved, beats = time.monotonic(), now
            begun = min(beat.step for beat in beats.values()) > 0
            allowed = silence_seconds if begun else max(silence_seconds, _START)
            if time.monotonic() - moved > allowed:
                return self._silent(allowed)
            time.sleep(_LOOK)

    def _first_to_die(self) -> int:
        """Who ended the group: one that a signal ended, else one that failed by itself, else any."""
        until = time.monotonic() + _GRACE
        while True:
            ended = {rank: worker.poll() for rank, worker in enumerate(self.workers)}
            dead = [rank for rank, status in ended.items() if status is not None and status < 0]
            own = [rank for rank, status in ended.items() if status not in {None, 0, PEER_GONE}]
            if dead or own or time.monotonic() > until or None not in ended.values():
                said = [rank for rank, status in ended.items() if status == 0 and self._said(rank)]
                failed = [rank for rank, status in ended.items() if status]
                return (dead or own or said or failed)[0]
            time.sleep(_LOOK)

    def _ended_by(self, rank: int) -> GroupEnd:
        status = self.workers[rank].returncode
        step = read_beats(self._run, self._world)[rank].step
        if status < 0:
            reason = f"rank {rank} was ended by {signal.Signals(-status).name} at step {step}"
        elif status == PEER_GONE:
            reason = f"rank {rank} missed another one at step {step}"
        else:
            reason = f"rank {rank} ended at step {step}: {self._said(rank) or f'exit status {status}'}"
        return GroupEnd(self._end_all(), rank, reason)

    def _said(self, rank: int) -> str:
        """The first line that a process left of why it ended; empty where it left none."""
        path = error_path(self._run, rank)
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return lines[0] if lines else ""

    def _stopped(self) -> list[int]:
        """The processes that the system does not let run: stopped, or held in a call for a device or disk."""
        found = []
        for rank, worker in enumerate(self.workers):
            try:
                state = Path(f"/proc/{worker.pid}/stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            if state.rpartition(")")[2].split()[0] in _HELD:
                found.append(rank)
        return found

    def _silent(self, seconds: float) -> GroupEnd:
        beats = read_beats(self._run, self._world)
        late = behind(beats) or self._stopped() or list(beats)
        named = ", ".join(map(str, late))
        step = min(beats.values()).step
        statuses = self._end_all(at_once=True)
        return GroupEnd(statuses, late[0], f"rank {named} did nothing for {seconds:g} s at step {step}")

    def _end_all(self, *, at_once: bool = False) -> tuple[int, ...]:
        """See that none is left: those that found out by themselves may leave, the rest is killed."""
        until = time.monotonic() + (0.0 if at_once else _GRACE)
        while time.monotonic() < until and any(worker.poll() is None for worker in self.workers):
            time.sleep(_LOOK)
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
        return tuple(worker.wait() for worker in self.workers)
