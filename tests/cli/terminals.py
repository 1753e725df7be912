"""A program at a real terminal of some width, and all that it wrote there."""

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path


def at_a_terminal(
    command: list[str], folder: Path, *, columns: int, answer: Callable[[str], str] | None = None
) -> tuple[int, str]:
    """Exit status and what was written, colours and all; `answer` types something at what is there so far, once."""
    ours, theirs = pty.openpty()
    here = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
    written = b""
    with subprocess.Popen(
        ["sh", "-c", f'stty -echo cols {columns} && exec "$@"', "sh", *command],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env={**here, "TERM": "xterm"},
    ) as child:  # fmt: skip
        os.close(theirs)
        while chunk := _read(ours):
            written += chunk
            if answer and (typed := answer(written.decode(errors="replace"))):
                os.write(ours, typed.encode())
                answer = None
    os.close(ours)
    return child.returncode, written.decode()


def _read(descriptor: int) -> bytes:
    """What is there to read; nothing at the end, which a terminal tells as an error."""
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:
        return b""
