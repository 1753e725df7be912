"""A module asked in a process of its own: one JSON object in, one out, within a time and a size.

    answer = ask_child("specship.pipeline.inference.llamacpp", request, seconds=300.0)   # the parent
    answer_parent(work)                                                                  # the child

Native code and programs that came with weights can crash, hang and print; none of that reaches the parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, NoReturn, cast

from specship.interpreter import isolated

LOG_BYTES: Final = 64 << 10
"""What is kept of a child's log: its end."""
ANSWER_BYTES: Final = 256 << 20
"""The longest answer that is read; a vocabulary's worth of probabilities for a long text is far below."""
_LOG_SECONDS: Final = 1.0
"""How long the end of the log is waited for once the child has ended."""
_READ_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class ChildAnswer:
    """What a child said, and the end of what it printed meanwhile."""

    value: dict[str, Any]
    log: str


class ChildFailed(Exception):
    """A child that gave no answer; its text says it is what happened: `was ended by SIGSEGV`."""

    def __init__(self, said: str, *, status: int, log: str, timed_out: bool) -> None:
        super().__init__(said)
        self.status = status
        """Its exit status; below 0, the signal that ended it."""
        self.log = log
        self.timed_out = timed_out


class _Child:
    """One running child, which a clock ends and whose output is bounded."""

    def __init__(self, module: str, request: IO[bytes]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            isolated(module),
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that whatever it starts ends with it
        )
        self._log = bytearray()
        self.timed_out = False

    def _expire(self) -> None:
        self.timed_out = True
        self._end()

    def _end(self) -> None:
        """Kill the child and all that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _keep_log(self) -> None:
        """Read to the end, so that a child that prints much is never held up."""
        stream = cast("IO[bytes]", self._process.stderr)
        while data := os.read(stream.fileno(), _READ_BYTES):
            self._log += data
            del self._log[:-LOG_BYTES]

    def run(self, seconds: float, most: int) -> tuple[bytes, int, str]:
        """Answer, exit status and the end of the log; more than `most` bytes end the child."""
        clock = threading.Timer(seconds, self._expire)
        reader = threading.Thread(target=self._keep_log, daemon=True)
        with self._process as process:
            clock.start()
            reader.start()
            try:
                answer = cast("IO[bytes]", process.stdout).read(most + 1)
                if len(answer) > most:
                    self._end()
                process.wait()
                clock.cancel()
                reader.join(_LOG_SECONDS)  # longer only where something that it started still holds the log
            finally:
                clock.cancel()
                self._end()
                reader.join(_LOG_SECONDS)
        return answer, process.returncode, self._log.decode(errors="replace")


def ask_child(
    module: str, request: Mapping[str, Any], *, seconds: float, most: int = ANSWER_BYTES
) -> ChildAnswer:
    """Run MODULE in a process of its own, with a request on its standard input, and wait for its answer.

    Raises:
        ChildFailed: it crashed, was ended, did not end in time, or answered with anything but an object
            of at most `most` bytes.
    """
    with tempfile.TemporaryFile() as file:  # a pipe could fill up before the child reads it
        file.write(json.dumps(request).encode())
        file.seek(0)
        child = _Child(module, file)
        answer, status, log = child.run(seconds, most)
    if child.timed_out:
        said = f"did not answer within {seconds:g} s and was ended"
    elif len(answer) > most:
        said = f"answered with more than {most} bytes and was ended"
    elif status < 0:
        said = f"was ended by {signal.Signals(-status).name}"
    else:
        value = _object(answer)
        if value is not None:
            return ChildAnswer(value, log)
        said = f"ended with status {status} and no answer"
    raise ChildFailed(said, status=status, log=log, timed_out=child.timed_out)


def _object(answer: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def answer_parent(work: Callable[[dict[str, Any]], dict[str, Any]]) -> NoReturn:
    """Answer the request on standard input; everything that libraries print goes to the log.

    Threads of foreign code are not waited for: once the answer is out, the process ends with them.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(work(json.load(sys.stdin)), protocol)
    protocol.close()
    os._exit(0)
