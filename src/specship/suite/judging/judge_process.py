"""The judge's child process: started when it is first needed, asked, and started again after it died."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specship.errors import Place, UnusableInput
from specship.suite.judging.line_process import LineProcess
from specship.suite.plan.plan import Plan


@dataclass(slots=True)
class JudgeProcess:
    """The judge's child process, started when first needed and again after it died."""

    plan: Plan
    _child: LineProcess | None = None

    def ask(self, request: Mapping[str, Any]) -> str:
        """Send a request; the digest of the statement that answers it.

        Raises:
            SpecshipError: the judge says why there is no statement.
            EOFError: the judge's process died; the text says how.
        """
        child = self._running()
        try:
            child.say(request)
            answer = child.hear()
        except EOFError:
            self._child = None
            raise
        except BaseException:
            self.close()
            raise
        if answer["event"] == "written":
            return str(answer["digest"])
        place = Place(answer["at"]) if answer["at"] else None
        raise UnusableInput(answer["message"], at=place, why=answer["why"], mend=answer["mend"])

    def _running(self) -> LineProcess:
        if self._child is None:
            root = self.plan.project.root  # as of stages: a relative path belongs to the project
            self._child = LineProcess(
                "specship.suite.judging.judge",
                folder=root,
                called="the judge's process",
                own_session=True,
                inherit=self.plan.project.configuration.inherit,
            )
            self._child.say({"root": str(root), "profile": self.plan.profile.profile})
        return self._child

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close()
            self._child = None
