"""The self-check: generated code tries what it must not be able to do, and says whether it could.

Each attempt is a completion like any other. Its answer is read the way that condemns the sandbox: it is
contained when it was refused, or when the process ended; it is open when the attempt says it succeeded.
The world outside is looked at too: the file that the attempts try to change must be as it was.
"""

from __future__ import annotations

import os
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.pipeline.evaluation.humaneval.judging import INFRA, CandidateJudgeProcess
from specship.pipeline.evaluation.humaneval.problems import Problem
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits

ATTEMPTS: Final = {
    "read a file outside": "open(OUTSIDE).read()",
    "write a file outside": "open(OUTSIDE, 'a').write('x')",
    "remove a file outside": "import os; os.remove(OUTSIDE)",
    "remove by a C call": "import ctypes; assert ctypes.CDLL(None).unlink(OUTSIDE.encode()) == 0",
    "change a file's mode": "import os; os.chmod(OUTSIDE, 0o600)",
    "make a file beside it": "open(OUTSIDE + '.more', 'w').close()",
    "make a link outside": "import os; os.symlink('/', OUTSIDE + '.link')",
    "list the home folder": "import os; os.listdir(HOME)",
    "read the users": "open('/etc/passwd').read()",
    "see other processes": "open('/proc/%d/cmdline' % JUDGE).read()",
    "signal the judge": "import os; os.kill(JUDGE, 0)",
    "signal its server": "import os; os.kill(os.getppid(), 0)",
    "open the server's memory": "import os; open('/proc/%d/mem' % os.getppid(), 'rb').close()",
    "trace its server": "import ctypes, os; assert ctypes.CDLL(None).ptrace(0x4206, os.getppid(), 0, 0) == 0",
    "start a process": "import os\nif os.fork() == 0: os._exit(0)",
    "run a program": "import subprocess, sys; subprocess.run(['/bin/true'], check=True)",
    "spawn a program": "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "open a TCP socket": "import socket; socket.socket().bind(('127.0.0.1', 0))",
    "send a UDP packet": "import socket; socket.socket(2, 2).sendto(b'x', ('127.0.0.1', 9))",
    "use an abstract socket": "import socket; socket.socket(1, 1).bind('\\0specship-self-check')",
    "make namespaces": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    # A remount of what is no mount point: refused for lack of the right, or for the place, and harmless.
    "mount": "import ctypes as c; c.CDLL(None, use_errno=True).mount(None, b'/usr/lib', None, 32, None)\n"
    "assert c.get_errno() != 1",
    "use shared memory": "import ctypes as c; i = c.CDLL(None).shmget(0, 4096, 0o1600); assert i >= 0\n"
    "c.CDLL(None).shmctl(i, 0, None)",
    "make a file in memory": "import os; os.memfd_create('x')",
    "raise its limits": "import resource as r; r.setrlimit(r.RLIMIT_CPU, (9, 9))",
    "use more memory": "b'x' * (2 << 30)",
    "open many files": "import os; [os.dup(0) for _ in range(100)]",
    "write 64 MB": "with open('big', 'wb') as f: f.write(bytes(64 << 20)); f.flush()",
    "find the environment": "import os; assert len(os.environ) > 3",
    "import other packages": "import pydantic",
}
_TEST: Final = "def check(candidate):\n    assert candidate() == 'refused'\n"


@dataclass(frozen=True, slots=True)
class Checked:
    """What could be done at one level."""

    level: str
    fault: str
    """Why the level cannot be had here; empty when it can."""
    open: tuple[str, ...]
    """Attempts that succeeded."""
    unclear: tuple[str, ...]
    """Attempts that could not be made."""
    untouched: bool
    """Whether the file outside is as it was."""

    @property
    def sound(self) -> bool:
        """Nothing is open."""
        return not (self.fault or self.open or self.unclear) and self.untouched

    def as_json(self) -> dict[str, Any]:
        """For `--format json`."""
        attempts = {
            name: "open" if name in self.open else "unclear" if name in self.unclear else "contained"
            for name in ([] if self.fault else ATTEMPTS)
        }
        return {"level": self.level, "sound": self.sound, "fault": self.fault, "attempts": attempts}


def _program(attempt: str, outside: Path) -> str:
    meant = {"OUTSIDE": repr(str(outside)), "JUDGE": str(os.getpid()), "HOME": repr(str(Path.home()))}
    for word, value in meant.items():
        attempt = attempt.replace(word, value)
    body = textwrap.indent(attempt, " " * 8)
    ending = "    except BaseException:\n        return 'refused'\n    return 'open'\n"
    return f"def attempt():\n    try:\n{body}\n{ending}"


def check_sandbox(level: str, limits: Limits) -> Checked:
    """Make every attempt at one level."""
    judge = CandidateJudgeProcess(level, limits)
    try:
        if fault := judge.canary():
            return Checked(level, fault, (), (), untouched=True)
        with tempfile.TemporaryDirectory(prefix="specship-self-check-") as name:
            return _checked(judge, level, Path(name))
    finally:
        judge.stop()


def _checked(judge: CandidateJudgeProcess, level: str, folder: Path) -> Checked:
    folder.chmod(0o777)
    outside = folder / "outside"
    found: dict[str, str] = {}
    untouched = True
    for name, attempt in ATTEMPTS.items():
        outside.write_text("as it was", encoding="ascii")
        outside.chmod(0o666)
        problem = Problem("self-check", "def attempt():\n", "attempt", "", _TEST)
        found[name] = judge.judge(problem, _program(attempt, outside)).outcome
        untouched = untouched and [*folder.iterdir()] == [outside] and _as_it_was(outside)
        for path in folder.iterdir():
            path.unlink()
    opened = tuple(name for name, outcome in found.items() if outcome == "failed:assertion")
    return Checked(level, "", opened, tuple(n for n, o in found.items() if o == INFRA), untouched=untouched)


def _as_it_was(path: Path) -> bool:
    return path.read_text(encoding="ascii") == "as it was" and path.stat().st_mode & 0o777 == 0o666


def as_text(levels: list[Checked]) -> str:
    """A table: one line an attempt, one column a level."""
    rows = [f"{'':28}" + "".join(f"{level.level:20}" for level in levels)]
    reports = [level.as_json() for level in levels]
    for name in ATTEMPTS:
        cells = "".join(f"{report['attempts'].get(name, '-'):20}" for report in reports)
        rows.append(f"{name:28}{cells}".rstrip())
    for level in levels:
        verdict = "sound" if level.sound else level.fault or f"{len(level.open)} attempts succeeded"
        rows.append(f"{level.level}: {verdict}")
    return "\n".join(rows)
