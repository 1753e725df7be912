"""A session: makes what is needed, and has gates judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from specship.contracts.judging import Verdict
from specship.errors import (
    RequirementMissing,
    SpecshipError,
)
from specship.evidence.ledger import GateEntries, Ledger, written
from specship.status.assess import gate_report
from specship.status.folding import entries_of, standing
from specship.status.freshness import Today
from specship.status.report import GateReport
from specship.suite.artifacts.runner import Listener, Made, StageRunner
from specship.suite.artifacts.store import Store
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.judge_process import JudgeProcess
from specship.suite.judging.project_ledger import open_ledger
from specship.suite.judging.today import missing_requirement, today, todays_artifacts
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import Check, Plan


@dataclass(slots=True)
class Session:
    """One run over the gates of a plan."""

    plan: Plan
    listener: Listener = lambda _event: None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    missing: dict[str, str] = field(default_factory=dict)
    """Gates that are BLOCKED in this session, with the reason."""
    failed: dict[str, str] = field(default_factory=dict)
    """Gates whose artifacts could not be made or measured, with the reason."""
    injection: str = ""
    """Name of the faulty copy of the pipeline that is judged; empty for the one that ships."""
    make_runner: Callable[[str], StageRunner] | None = None
    """Who makes the artifacts of a model there."""
    judge: JudgeProcess | None = None
    """Started when it is first needed."""
    _arming: ArmingBook | None = None
    _runners: dict[str, StageRunner] = field(default_factory=dict)
    _ledger: Ledger | None = None

    def runner(self, model: str) -> StageRunner:
        """Who makes the artifacts of a model."""
        if model not in self._runners and self.make_runner is not None:
            self._runners[model] = self.make_runner(model)
        if model not in self._runners:
            profile = self.plan.profile
            store = Store.of(self.plan.project.state, model, profile)
            root, settings = self.plan.project.root, profile.settings_of(model)
            lenders = {name: self.runner(lender) for name, lender in profile.lenders_of(model).items()}
            inherit = self.plan.project.configuration.inherit
            self._runners[model] = StageRunner(
                root, store, settings, model, self.listener, lenders, inherit=inherit
            )
        return self._runners[model]

    @property
    def made(self) -> tuple[tuple[str, Mapping[str, Made]], ...]:
        """What this session made or found, by model and artifact."""
        return tuple((model, runner.made) for model, runner in self._runners.items())

    @property
    def arming(self) -> ArmingBook:
        """Which gates were seen to fail on their faults, as the session first saw it."""
        if self._arming is None:
            self._arming = ArmingBook(self.plan.project)
        return self._arming

    @property
    def ledger(self) -> Ledger:
        """The ledger as it was when the session first asked."""
        if self._ledger is None:
            self._ledger = open_ledger(self.plan.project, all_keys(self.plan.project))
        return self._ledger

    def settle(self, check: Check) -> GateReport:
        """Bring a gate to a verdict: from fresh evidence if there is some, else by measuring now.

        Raises:
            KeyboardInterrupt: as it comes; children are stopped first.
        """
        if check.probe is None:
            return self._known(check)
        blocked = missing_requirement(check, self.plan)
        if not blocked and not self.plan.profile.settings_of(check.model.id):
            blocked = f"profile {self.plan.profile.profile} has no pipeline for {check.model.id}"
        if blocked:
            self.missing[check.gate.id] = blocked
            return self._known(check)
        try:
            for artifact in check.probe.artifacts:
                self.runner(check.model.id).ensure(artifact)
        except RequirementMissing as error:
            self.missing[check.gate.id] = str(error)
            return self._known(check)
        except SpecshipError as error:
            self.failed[check.gate.id] = str(error)
            return self._known(check)
        known = self._known(check)
        if known.fresh and known.verdict in {Verdict.PASS, Verdict.FAIL, Verdict.UNBOUND}:
            return known
        return self._measure(check)

    def known(self, check: Check) -> GateReport:
        """What the ledger says of a gate today; nothing is made or measured."""
        return self._known(check)

    def _known(self, check: Check, entries: GateEntries | None = None) -> GateReport:
        now = self._today(check)
        entries = entries or entries_of(now, self.ledger)
        return gate_report(now, standing(now, entries), session_began=self.began)

    def _today(self, check: Check) -> Today:
        return today(
            self.plan,
            check,
            todays_artifacts(self.plan, self.ledger, store=lambda model: self.runner(model).store),
            arming=self.arming,
            missing=self.missing.get(check.gate.id, ""),
            failed=self.failed.get(check.gate.id, ""),
        )

    def _measure(self, check: Check) -> GateReport:
        self.listener({"event": "gate", "gate": check.gate.id, "model": check.model.id})
        self.judge = self.judge or JudgeProcess(self.plan)
        try:
            digest = _answered(self.judge, {"gate": check.gate.id, "injection": self.injection})
        except (SpecshipError, OSError, EOFError) as error:
            self.failed[check.gate.id] = str(error)
            return self._known(check)
        folder, keys = self.plan.project.state / "ledger", all_keys(self.plan.project)
        return self._known(
            check, written(folder, digest, entries_of(self._today(check), self.ledger), keys=keys)
        )

    def close(self) -> None:
        """End the judge's process."""
        if self.judge is not None:
            self.judge.close()
            self.judge = None


def _answered(judge: JudgeProcess, question: Mapping[str, str]) -> str:
    """The digest of the statement that answers; a judge that died is asked again, to write down its death.

    Raises:
        SpecshipError, OSError: the judge says why there is no statement, or cannot be started.
        EOFError: it died again.
    """
    try:
        return judge.ask(question)
    except EOFError as death:
        return judge.ask({**question, "crash": str(death)})
