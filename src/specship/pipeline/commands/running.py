"""Runs one command: alone with what it declares, watched, and ended with all that it started.

It has a session of its own, no standard input, the project's folder, and the environment of a stage. What it
prints is the log. Whatever it leaves running is ended before its output is looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import FrameType
from typing import IO, Final, cast

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact, RequirementMissing, StageFailed
from specship.evidence.environment import cuda_devices
from specship.pipeline.commands.descendants import adopt_orphans, children, die_with_the_parent, end_all
from specship.pipeline.commands.own_stage import LACKED, LACKING
from specship.pipeline.commands.printed_progress import PrintedProgress
from specship.pipeline.commands.reading import digests, variables
from specship.pipeline.commands.settings import (
    EVALUATION,
    INTERPRETER,
    OUTPUT,
    SECTION,
    Command,
    filled,
)
from specship.pipeline.evaluation.results.receiving import EVALUATION as RECORD
from specship.pipeline.evaluation.results.receiving import bind_made
from specship.pipeline.received.kinds import require_kind
from specship.pipeline.run_logs.declaring import DECLARED
from specship.pipeline.run_logs.receiving import DeclaredLog, write_declared
from specship.pipeline.stage import Work
from specship.specs.own_stages import RUNS_IT
from specship.strict_json import read_bytes

_CHECKPOINT: Final = "checkpoint"
"""What a command that evaluates is given."""
_SOURCE: Final = "a command of this project"
"""Whose word is what a profile says of its output."""
_READ_BYTES: Final = 1 << 16
_LOG_BYTES: Final = 16 << 20
"""What is kept of the beginning of a log; of the rest, the end."""
_LOG_ENDS: Final = 4
"""Pieces of the end, as they were read."""
_LOOKS: Final = 0.2
"""Seconds between looks at a command that prints nothing."""
_SECONDS_TO_SAVE: Final = 10.0
"""Between the signal that asks a command to end and the one that does not ask; less than a session waits."""


def run(work: Work) -> None:
    """Run the command, and hold what it wrote against what it said.

    Raises:
        RequirementMissing: the program, a device, or something that it reads is not here.
        StageFailed: it failed, took too long, or did not write what it makes.
        DamagedArtifact: its output is a link.
    """
    command: Command = work.settings[SECTION]
    _require(command)
    _Running(command, work).finish()
    if work.output.is_symlink() or not work.output.is_dir():
        raise DamagedArtifact("the command put something else in the place of its output", at=work.output)
    for name in command.writes:
        if not (work.output / name).exists():
            raise StageFailed(
                f"the command ended well, and {name} is not in its output", at=work.output / name,
                why="`writes` names it", mend="have the command write it below {output}, or mend `writes`",
            )  # fmt: skip
    if command.makes == EVALUATION and not (work.output / RECORD).exists():
        _bind(command, work)
    if command.logged is not None:
        _declare(command.logged, work.output)
    require_kind(command.makes, work.output, by="what the command wrote")


def _bind(command: Command, work: Work) -> None:
    """Make the artifact of a harness's own files, about the checkpoint that the command was given."""
    if command.evaluated is None:
        raise StageFailed(
            "nothing says which figure of the evaluation is meant", at=work.output,
            why=f"the command wrote no {RECORD}, and a harness gives many figures",
            mend="say it in the command's entry: evaluated: {task: gsm8k, metric: exact_match}",
        )  # fmt: skip
    bind_made(command.evaluated, work.output, work.inputs.get(_CHECKPOINT), by=_SOURCE)


def _declare(told: DeclaredLog, output: Path) -> None:
    """Put what the profile declares of a run beside the log that the command left."""
    if (output / DECLARED).exists():
        raise StageFailed(
            f"both the command and the profile declare something of the run: it wrote {DECLARED}",
            at=output / DECLARED, why="nobody could tell whose word counts",
            mend="take `logged` out of the command's entry, or have the command write no such file",
        )  # fmt: skip
    write_declared(output, told, _SOURCE)


def _require(command: Command) -> None:
    read = digests(command.model_dump(), Path())
    for name in [text for text, digest in read.items() if not digest]:
        raise RequirementMissing(
            f"the command reads {name}, and nothing lies there", at=name,
            why="what it reads is part of what it makes", mend="put it there, or mend `reads`",
        )  # fmt: skip
    for name in variables(command.model_dump()):
        if name not in os.environ:
            raise RequirementMissing(
                f"the command reads the variable {name}, which is not set",
                why="what it reads is part of what it makes", mend=f"set {name} where the session is started",
            )  # fmt: skip
    if command.device == "cuda" and not cuda_devices():
        raise RequirementMissing(
            "the command asks for CUDA, and this machine has no CUDA device",
            why="a run on another device than asked for is not that run", mend="run it where there is one",
        )  # fmt: skip
    program = command.command[0]
    if "{" not in program and not shutil.which(program):
        raise RequirementMissing(
            f"the program {program!r} is not on this machine",
            why="it is looked for as a shell would, in the project's folder and the variable PATH",
            mend="install it; `{python}` is the interpreter that runs specship",
        )


class _Running:
    """One command while it runs."""

    def __init__(self, command: Command, work: Work) -> None:
        self._command, self._output = command, work.output
        self._progress = PrintedProgress(work.report)
        places = {name: str(path) for name, path in work.inputs.items()}
        places |= {OUTPUT: str(work.output), INTERPRETER: sys.executable}
        self._before = children()
        self._logged, self._left_out, self._ends = 0, 0, deque[bytes](maxlen=_LOG_ENDS)
        adopt_orphans()
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if command.device == "cpu" else {}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the project's own command, without a shell
                [filled(text, places) for text in command.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **hidden},
                start_new_session=True,
                close_fds=False,  # what can be inherited is the lock of the stage, which it holds too
                preexec_fn=die_with_the_parent,  # noqa: PLW1509 - nothing else runs in this process
            )
        except OSError as error:
            raise StageFailed(
                f"{command.command[0]} cannot be started: {error.strerror}",
                mend="a program needs the right to be run, and a first line that names its interpreter",
            ) from error
        self._pipe = cast("IO[bytes]", self._process.stdout)

    def finish(self) -> None:
        """Wait for its end, at most as long as it may take.

        Raises:
            StageFailed: it failed or took too long.
        """
        signal.signal(signal.SIGTERM, _leave)
        try:
            ended = self._follow(self._command.timeout)
        except KeyboardInterrupt:
            self._ask(signal.SIGINT)
            raise
        except SystemExit:
            self._ask(signal.SIGTERM)
            raise
        finally:
            self._end()
        if not ended:
            raise StageFailed(
                f"the command did not end within {self._command.timeout:g} s, and was ended",
                mend="give it more time under `timeout`, or find out what it waits for",
            )
        if status := self._process.returncode:
            self._require_all(status)
            how = (
                f"was killed by {signal.Signals(-status).name}"
                if status < 0
                else f"ended with status {status}"
            )
            raise StageFailed(
                f"the command {how}", mend="run it by hand in the project's folder, and mend what it says"
            )

    def _require_all(self, status: int) -> None:
        """Nothing, unless a stage in Python said that it lacks something; no program else can say so.

        Raises:
            RequirementMissing: it did.
        """
        said = self._output / LACKED
        if status == LACKING and RUNS_IT in self._command.command and said.is_file():
            told = json.loads(read_bytes(said, JSON_REPORT_BYTES))
            said.unlink()
            raise RequirementMissing(
                told["message"], at=told["at"] or None, why=told["why"], mend=told["mend"]
            )

    def _follow(self, seconds: float | None) -> bool:
        """Pass on what it prints until it ends; False where it takes longer."""
        until = time.monotonic() + seconds if seconds is not None else None
        printing = True
        while True:
            left = _LOOKS if until is None else min(_LOOKS, until - time.monotonic())
            if left <= 0:
                return False
            if printing and select.select([self._pipe], [], [], left)[0]:
                printing = self._take()
            elif self._process.poll() is not None:
                return True
            elif not printing:
                time.sleep(left)

    def _take(self) -> bool:
        """Some of what it printed; False at the end."""
        data = os.read(self._pipe.fileno(), _READ_BYTES)
        self._progress.take(data)
        if self._logged < _LOG_BYTES:
            os.write(2, data)
            self._logged += len(data)
        else:
            if len(self._ends) == _LOG_ENDS:
                self._left_out += len(self._ends[0])
            self._ends.append(data)
        return bool(data)

    def _ask(self, number: signal.Signals) -> None:
        """Ask it to save and end; whoever asked is not kept waiting for long."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._follow(_SECONDS_TO_SAVE)

    def _end(self) -> None:
        """End it and everything that it started, and close the log."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end_all(self._before)
        while select.select([self._pipe], [], [], 0)[0] and self._take():
            pass
        self._pipe.close()
        if self._ends:
            os.write(2, b"\n[%d bytes are left out here]\n" % self._left_out + b"".join(self._ends))


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM: the process leaves as a training does, once the command was asked to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)
