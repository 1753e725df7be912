"""The judge's child process: started when it is first needed, asked, and started again after it died."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from specship.errors import Place, UnusableInput
from specship.interpreter import isolated
from specship.suite.artifacts.runner import child_environment, stop
from specship.suite.plan.plan import Plan

_LOG_LINES: Final = 12


@dataclass(slots=True)
class JudgeProcess:
    """The judge's child process, started when first needed and again after it died."""

    plan: Plan
    _child: subprocess.Popen[str] | None = None
    _log: IO[bytes] | None = None

    def ask(self, request: Mapping[str, Any]) -> str:
        """Send a request; the digest of the statement that answers it.

        Raises:
            SpecshipError: the judge says why there is no statement.
            EOFError: the judge's process died; the text says how.
        """
        child = self._running()
        if child.stdin is None or child.stdout is None:
            raise EOFError("the judge has no pipes")
        try:
            print(json.dumps(request), file=child.stdin, flush=True)
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:
            self.close()
            raise
        if not line:
            raise EOFError(self._obituary(child))
        answer = json.loads(line)
        if answer["event"] == "written":
            return str(answer["digest"])
        place = Place(answer["at"]) if answer["at"] else None
        raise UnusableInput(answer["message"], at=place, why=answer["why"], mend=answer["mend"])

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
            self._child = subprocess.Popen(  # noqa: S603 - a module of ours
                isolated("specship.suite.judging.judge"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=child_environment(self.plan.project.configuration.inherit),
                start_new_session=True,
                text=True,
                cwd=self.plan.project.root,  # as of stages: a relative path belongs to the project
            )
            opening = {"root": str(self.plan.project.root), "profile": self.plan.profile.profile}
            if self._child.stdin is not None:
                print(json.dumps(opening), file=self._child.stdin, flush=True)
        return self._child

    def _obituary(self, child: subprocess.Popen[str]) -> str:
        child.wait()
        last = ""
        if self._log is not None:
            self._log.seek(0)
            lines = self._log.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
            last = "\n".join(lines)
        self.close()
        return f"the judge's process ended with status {child.returncode}; its last words:\n{last}"

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            if self._child.stdin:
                with contextlib.suppress(
                    BrokenPipeError
                ):  # what a dead child never read is still to be flushed
                    self._child.stdin.close()
            stop(self._child)
            if self._child.stdout:
                self._child.stdout.close()
        if self._log is not None:
            self._log.close()
        self._child = self._log = None
