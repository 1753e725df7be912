"""The levels of isolation, and the warm server of solution processes inside one of them.

    namespaces          own user, mount, pid, network, ipc and host-name namespaces, a root with nothing
                        but the standard library, a private folder with a cap, seccomp, landlock if there
    landlock+seccomp    where namespaces are refused (Docker, Ubuntu): no file but the library, no writing
    rlimits             limits alone: nothing is contained; scores only what is trusted, never a release

At the first two a sample has no capabilities, starts no process and sends no signal. At every level its
limits hold and it is another process than its judge. Which level was in force is part of the result.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.pipeline.evaluation.humaneval.sandbox import namespaces, protocol
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.seccomp import filter_programs

NAMESPACES: Final = "namespaces"
LANDLOCK: Final = "landlock+seccomp"
RLIMITS: Final = "rlimits"
LEVELS: Final = (NAMESPACES, LANDLOCK, RLIMITS)
"""Strongest first."""
CONTAINED: Final = (NAMESPACES, LANDLOCK)
"""Levels whose results a release may use, and the only ones that are chosen without being named."""
_LIBC = ctypes.CDLL(None, use_errno=True)
_HERE: Final = Path(__file__).parent
_PROGRAM: Final = "specship.pipeline.evaluation.humaneval.sandbox.solution"
"""Started by its path, alone; as a name it stands in the digest of our code like an import."""
_FILES: Final = (f"{_PROGRAM.rpartition('.')[2]}.py", "protocol.py")
_CONTROL: Final = 3
_DEATH_SIGNAL: Final = 1
_LANDLOCK_CREATE: Final = 444
_END_SECONDS: Final = 10.0


class SandboxBroken(Exception):
    """The sandbox could not be started, or its server is gone: never the fault of a sample."""


@dataclass(frozen=True, slots=True)
class ProcessEnding:
    """How a solution process ended."""

    code: int | None
    """Exit status, minus the signal that killed it, or None where it was alive until we ended it."""
    cpu_seconds: float
    resident_mib: float


def landlock_abi() -> int:
    """Version of landlock that the kernel offers; 0 without it."""
    return max(0, int(_LIBC.syscall(_LANDLOCK_CREATE, None, 0, 1)))


def _readable_by_anybody(path: str) -> bool:
    return all(part.stat().st_mode & 0o001 for part in Path(path).parents)


def _tasks_of_user() -> int:
    """Tasks of this user now, which RLIMIT_NPROC counts together with the sample's own."""
    mine = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _owned(entry)]
    return sum(_threads(entry) for entry in mine)


def _owned(process: Path) -> bool:
    with contextlib.suppress(OSError):
        return process.stat().st_uid == os.getuid()
    return False


def _threads(process: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(1 for _ in (process / "task").iterdir())
    return 0


def _configuration(level: str, limits: Limits, *, alone: bool) -> dict[str, Any]:
    contained = level in CONTAINED
    filters = filter_programs() if contained else (b"", b"")
    if filters is None:
        raise SandboxBroken(f"no seccomp filter is known for {platform.machine()}")
    abi = landlock_abi() if contained else 0
    if level == LANDLOCK and not abi:
        raise SandboxBroken("this kernel has no landlock")
    return {
        "limits": limits.as_json(),
        "namespaces": level == NAMESPACES,
        "landlock_abi": abi,
        "readable": namespaces.library_paths(),
        "filter_of_server": filters[0].hex(),
        "filter": filters[1].hex(),
        "tasks_before": 1 if alone else _tasks_of_user(),
    }


class SolutionServer:
    """The warm server that forks a shut-in process a sample.

    Raises:
        SandboxBroken: the level cannot be had here; the text says why.
    """

    def __init__(self, level: str, limits: Limits, worker: int = 0) -> None:
        changes_user = os.getuid() == 0 and all(
            map(_readable_by_anybody, [*namespaces.library_paths(), str(_HERE / "x")])
        )
        alone = level == NAMESPACES or changes_user
        self._command = [
            namespaces.interpreter(), "-I", "-S", "-B",
            f"{namespaces.BOX if level == NAMESPACES else _HERE}/{_FILES[0]}",
            protocol.encode(_configuration(level, limits, alone=alone)).hex(),
        ]  # fmt: skip
        self._start(level, worker, changes_user=changes_user)

    def _start(self, level: str, worker: int, *, changes_user: bool) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        texts = {name: (_HERE / name).read_text(encoding="utf-8") for name in _FILES}
        self._process = os.fork()
        if not self._process:
            self._become(level, worker, theirs.fileno(), writing, texts, changes_user=changes_user)
        theirs.close()
        os.close(writing)
        self._control.settimeout(_END_SECONDS)
        with os.fdopen(reading, "rb") as file:
            refusal = file.read(1000).decode(errors="replace")
        try:
            up = not refusal and self._control.recv(16) == b"up"
        except OSError:
            up = False
        if not up:
            self.stop()
            raise SandboxBroken(refusal or "the solution server did not start")

    def _become(
        self,
        level: str,
        worker: int,
        control: int,
        errors: int,
        texts: Mapping[str, str],
        *,
        changes_user: bool,
    ) -> NoReturn:
        """In the child: enter the level and turn into the server; does not return."""
        try:
            control = _lift(control)
            errors = _lift(errors)
            if level == NAMESPACES:
                null = os.open(os.devnull, os.O_RDWR)
                namespaces.enter(worker, dict(texts))
                _LIBC.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
                first = os.fork()
                if first:
                    os.closerange(0, 1024)
                    os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF)
            else:
                null = os.open(os.devnull, os.O_RDWR)
                if changes_user:
                    namespaces.become_unused_user(worker)
                os.chdir("/")
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.dup2(control, _CONTROL)
            os.set_inheritable(_CONTROL, True)
            os.closerange(_CONTROL + 1, errors)
            os.execve(self._command[0], self._command, {"LC_ALL": "C.UTF-8"})  # noqa: S606 - our own
        except BaseException as error:  # noqa: BLE001 - whatever it was, the judge is told
            os.write(errors, str(error).encode())
        finally:
            os._exit(1)

    def begin(self) -> protocol.Channel:
        """Fork a process for a sample; its end of the stream says `ready` when it is shut in.

        Raises:
            SandboxBroken: the server is gone.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                socket.send_fds(self._control, [b"start"], [theirs.fileno()])
            except OSError as error:
                raise SandboxBroken("the solution server is gone") from error
            return protocol.Channel(ours.detach())

    def end(self, *, gone: bool) -> ProcessEnding:
        """Kill all that is left of the sample; `gone` when its stream was seen to end.

        Raises:
            SandboxBroken: the server is gone or does not answer.
        """
        try:
            self._control.send(b"gone" if gone else b"end")
            return ProcessEnding(*protocol.decode(self._control.recv(4096)))
        except (OSError, protocol.MalformedFrame, TypeError) as error:
            raise SandboxBroken("the solution server is gone") from error

    def stop(self) -> None:
        """End the server and everything in its namespace; a second time does nothing."""
        self._control.close()
        if self._process:
            until = time.monotonic() + 1.0
            while os.waitpid(self._process, os.WNOHANG) == (0, 0):
                if time.monotonic() > until:
                    os.kill(self._process, signal.SIGKILL)
                time.sleep(0.002)
            self._process = 0


def _lift(descriptor: int) -> int:
    """The same open file at a number that nothing is moved onto."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 40)


def facts(level: str, limits: Limits) -> dict[str, Any]:
    """What was in force, for the evidence."""
    return {
        "level": level,
        "fit_for_release": level in CONTAINED,
        "kernel": platform.release(),
        "landlock_abi": landlock_abi() if level in CONTAINED else 0,
        "seccomp": level in CONTAINED,
        "uid": os.getuid(),
        "python": platform.python_version(),
        "limits": limits.as_json(),
        "message": {"bytes": protocol.MESSAGE_BYTES, "depth": protocol.DEPTH, "values": protocol.VALUES},
    }
