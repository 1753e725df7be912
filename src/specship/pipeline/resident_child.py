"""A module in a process of its own that stays, and is asked one thing after another.

    process = ResidentChild("specship.pipeline.model.transformers_child", "models/tiny", "transformers")
    process.say("describe", folder="models/tiny")     # an object
    process.numbers("logits", ids=[1, 2, 3])          # float32, one after another

A file of somebody else's decides what is built and how large; it can crash, hang and print. None of that
reaches the parent: every answer has a time and a size, and whoever is late is ended.
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
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, cast

from specship.errors import StageFailed, UnusableInput
from specship.interpreter import isolated

if TYPE_CHECKING:
    import numpy as np

_ANSWER_BYTES: Final = 16 << 20
"""The longest answer in words: names and shapes of some hundred thousand tensors."""
_NUMBERS_BYTES: Final = 8 << 30
"""The longest answer in numbers: 8 192 positions of a vocabulary of 262 144."""
_SECONDS: Final = 600.0
_TAIL: Final = 600
_LOG_BYTES: Final = 64 << 20
"""What the process may write in all: its log, which nobody needs to be longer."""


class ResidentChild:
    """One process; it ends with this object, with its standard input, or when it is late."""

    def __init__(self, module: str, about: Path | str, what: str, *, mend: str = "") -> None:
        """Start it; errors name `what` runs there, the file or folder `about`, and the mend of a refusal."""
        self.about, self._what, self._mend = str(about), what, mend
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            isolated(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,  # so that whatever it starts ends with it
        )
        self._late = False

    def say(self, do: str, *, seconds: float = _SECONDS, **request: Any) -> dict[str, Any]:
        """An answer in words.

        Raises:
            UnusableInput: it refuses.
            StageFailed: the process crashed, was ended, or did not answer in time.
        """
        return self._asked(do, request, seconds)[0]

    def numbers(self, do: str, *, seconds: float = _SECONDS, **request: Any) -> np.ndarray[Any, Any]:
        """An answer in float32 numbers, in one row.

        Raises:
            UnusableInput: it refuses.
            StageFailed: the process crashed, was ended, or did not answer in time.
        """
        import numpy as np

        return np.frombuffer(self._asked(do, request, seconds)[1], dtype="<f4").copy()

    def _asked(self, do: str, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        clock = threading.Timer(seconds, self._expire)
        clock.start()
        try:
            said, numbers = self._exchange({"do": do, **request})
        except (OSError, ValueError) as error:
            how = f"did not answer within {seconds:g} s and was ended" if self._late else "crashed"
            tail = self._tail()
            self.close()
            raise StageFailed(f"{self._what} {how}", at=self.about, why=tail) from error
        finally:
            clock.cancel()
        if "refusal" in said:
            raise UnusableInput(
                f"{self._what} refuses it: {said['refusal']}",
                at=self.about,
                why=f"it is computed by {self._what}, which has to open it",
                mend=self._mend,
            )
        return said, numbers

    def _exchange(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        stdin, stdout = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
        said = json.loads(stdout.readline(_ANSWER_BYTES))
        length = said.pop("bytes")
        if not 0 <= length <= _NUMBERS_BYTES:
            raise ValueError("an answer out of bounds")
        numbers = stdout.read(length)
        if len(numbers) != length:
            raise ValueError("an answer cut short")
        return said, numbers

    def _expire(self) -> None:
        self._late = True
        self._end()

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _tail(self) -> str:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - _TAIL))
        return " ".join(self._log.read().decode(errors="replace").split())

    @property
    def ended(self) -> bool:
        """Whether nothing more can be asked of it."""
        return self._log.closed or self._process.poll() is not None

    def close(self) -> None:
        """End it; a second time does nothing."""
        if not self._log.closed:
            self._end()
            with self._process, self._log, contextlib.suppress(OSError):  # closes the pipes and waits
                pass

    def __del__(self) -> None:
        if hasattr(self, "_late"):
            self.close()


def serve(asked: object) -> NoReturn:
    """The child's side: answer each request by the method of that name, until the parent lets go.

    A method answers with an object, or with bytes of float32. What it raises is its refusal.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LOG_BYTES, _LOG_BYTES))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes to the log
    for line in sys.stdin.buffer:
        said, numbers = _answered(asked, json.loads(line))
        answers.write(json.dumps(said | {"bytes": len(numbers)}).encode() + b"\n" + numbers)
        answers.flush()
    os._exit(0)


def _answered(asked: object, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What is said, and the numbers behind it."""
    try:
        found = getattr(asked, request.pop("do"))(**request)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a foreign library raises is its refusal
        return {"refusal": f"{type(error).__name__}: {error}"[:_TAIL]}, b""
    return ({}, found) if isinstance(found, bytes) else (dict(found), b"")
