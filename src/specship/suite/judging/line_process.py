"""A child process that is spoken to in lines of JSON, whatever it or its libraries print meanwhile."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from specship.bounds import JSONL_LINE_BYTES
from specship.interpreter import isolated
from specship.suite.artifacts.runner import child_environment, stop

_LOG_LINES: Final = 12


class LineProcess:
    """A module run apart, in a folder; it ends when it is closed, or by itself."""

    def __init__(
        self,
        module: str,
        *,
        folder: Path,
        called: str,
        own_session: bool,
        inherit: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`called` is what people are told died; with a session of its own it takes along what it started."""
        self._called, self._own_session = called, own_session
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._child = subprocess.Popen(  # noqa: S603 - a module of ours
            isolated(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**child_environment(inherit), **(environment or {})},
            start_new_session=own_session,
            text=True,
            cwd=folder,
        )

    @property
    def pid(self) -> int:
        """Of the child."""
        return self._child.pid

    def say(self, message: Mapping[str, Any]) -> None:
        """Send a line; a child that died meanwhile is noticed when it is heard."""
        assert self._child.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(message), file=self._child.stdin, flush=True)

    def hear(self) -> dict[str, Any]:
        """The next line.

        Raises:
            EOFError: the child died, or says what is no answer; the text says how.
        """
        assert self._child.stdout is not None  # noqa: S101 - it is a pipe
        line = self._child.stdout.readline(JSONL_LINE_BYTES)
        if not line:
            raise EOFError(self._obituary())
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict):
            return answer
        self.close()
        raise EOFError(f"{self._called} says what is no answer: {line[:80]!r}")

    def _obituary(self) -> str:
        self._child.wait()
        self._log.seek(0)
        last = "\n".join(self._log.read().decode(errors="replace").splitlines()[-_LOG_LINES:])
        self.close()
        return f"{self._called} ended with status {self._child.returncode}; its last words:\n{last}"

    def close(self) -> None:
        """End the child, politely first where it leads a session of its own."""
        assert self._child.stdin is not None  # noqa: S101 - both are pipes
        assert self._child.stdout is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):  # what a dead child never read is still to be flushed
            self._child.stdin.close()
        if self._own_session:
            stop(self._child)
        elif self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()
        self._log.close()
