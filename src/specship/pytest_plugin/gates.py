"""Contract files as collectors, and their gates as items: what pytest collects, runs and shows.

What they ask of the running session stands in `GateSession`; the plugin that answers imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from specship.pytest_plugin.witness import GateWitness
    from specship.status.report import GateReport
    from specship.suite.plan.gate_facts import Collection, GateFacts
    from specship.suite.plan.plan import Check


class GateFailed(Exception):
    """A gate's verdict is not PASS."""


class GateSession(Protocol):
    """What collectors and items ask of the plugin that made them."""

    error: Exception | None
    error_shown: bool
    collected: bool
    """Whether any of its contracts was collected."""
    clear: Callable[[], None]
    witness: GateWitness

    def collection(self) -> Collection | None:
        """Every gate as an item needs it; None after a reading error."""

    def within(self, path: Path) -> str:
        """A contract's path within the project."""

    def mark(self, node: pytest.Collector | pytest.Item, name: str) -> None:
        """Mark a contract or a gate; an empty name is passed over."""

    def session(self) -> Any:
        """The session, made once; None after a reading error, which `error` then holds."""


class ContractCollector(pytest.File):
    """One contract file; its tests are its gates."""

    def __init__(self, *, plugin: GateSession, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin
        self.model = ""
        """The model that all its gates speak for; empty when there are several."""

    def collect(self) -> Iterable[pytest.Item]:
        """The gates of this file, in its order.

        Raises:
            CollectError: the file, or the spec or profile it is judged by, has faults.
        """
        path = self.plugin.within(self.path)
        known = self.plugin.collection()
        self.plugin.collected = True
        if known is None:
            if self.plugin.error is not None:
                self._show_faults(self.plugin.error, path)
            return
        gates = known.gates.get(path, ())
        self.plugin.witness.collected.update(facts.id for facts in gates)
        self.plugin.mark(self, "ship")
        models = {facts.model for facts in gates}
        self.model = models.pop() if len(models) == 1 else ""
        for mark in (*{facts.stage for facts in gates}, self.model):
            self.plugin.mark(self, mark)
        for facts in gates:
            if facts.model:
                yield GateItem.from_parent(self, name=facts.id, facts=facts, plugin=self.plugin)
            else:
                yield LooseGateItem.from_parent(self, name=facts.id, facts=facts, plugin=self.plugin)

    def _show_faults(self, error: Exception, path: str) -> None:
        """Raise the faults of this file; those of other files once, with the first that is collected."""
        faults = getattr(error, "faults", (error,))

        def file_of(fault: Any) -> str:
            return fault.at.path if fault.at else ""

        own = [fault for fault in faults if file_of(fault) == path]
        if not self.plugin.error_shown:
            files = {self.plugin.within(file) for file in self.path.parent.iterdir()}
            own += [fault for fault in faults if file_of(fault) not in files]
            self.plugin.error_shown = True
        if own:
            raise self.CollectError("\n".join(str(fault) for fault in own))


class GateItem(pytest.Item):
    """One gate as a test."""

    def __init__(self, *, facts: GateFacts, plugin: GateSession, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.facts = facts
        self.plugin = plugin
        self.outcome: dict[str, Any] = {}
        if not (isinstance(self.parent, ContractCollector) and self.parent.model == facts.model):
            plugin.mark(self, facts.model)
        if facts.cuda:
            plugin.mark(self, "cuda")

    @property
    def obj(self) -> Callable[[], None]:
        """What other plugins read a docstring from."""
        return self.runtest

    @property
    def check(self) -> Check:
        """The gate at this profile.

        Raises:
            GateFailed: the project changed since it was collected, or can no longer be read.
        """
        session = self.plugin.session()
        if session is None:
            raise GateFailed(str(self.plugin.error))
        for check in session.plan.by_contract.get(self._contract, ()):
            if check.gate.id == self.facts.id:
                return check  # type: ignore[no-any-return]
        raise GateFailed(f"{self.facts.id} is gone from {self._contract} since the gates were collected")

    @property
    def _contract(self) -> str:
        return self.plugin.within(self.path)

    def runtest(self) -> None:
        """Bring the gate to a verdict and show it."""
        from specship.report.pytest_outcome import ending_of, properties

        check = self.check
        session = self.plugin.session()
        known = session.settle(check)
        self.plugin.clear()
        self.user_properties.extend(properties(check, known))
        strict = self.config.getoption("--ship-strict")
        ending = ending_of(check, known, session.plan.profile, strict=strict)
        self.outcome = {**self._outcome(known, session), "ending": ending.outcome}
        match ending.outcome:
            case "skipped":
                pytest.skip(ending.text)
            case "xfailed":
                pytest.xfail(ending.text)
            case "failed":
                raise GateFailed(ending.text)

    def _outcome(self, known: GateReport, session: Any) -> dict[str, Any]:
        from specship.suite.judging.report_building import stage_reports

        stages = stage_reports(session.made, session.plan.project.root)
        return {
            "gate": known.id,
            "project": str(session.plan.project.root),
            "verdict": known.verdict,
            "missing": session.missing.get(known.id, ""),
            "failed": session.failed.get(known.id, ""),
            "stages": [stage.model_dump() for stage in stages],
        }

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A verdict as its own text; anything else as pytest shows it."""
        if isinstance(excinfo.value, GateFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and line (from 0) of the gate, and its id."""
        return self.path, self.facts.line - 1, self.facts.id


class LooseGateItem(GateItem):
    """A gate that speaks for no criterion: shown, so that nobody takes it for one that counts."""

    def runtest(self) -> None:
        """Skip, and say why."""
        pytest.skip("UNBOUND: it binds to no criterion, so nothing waits for it")
