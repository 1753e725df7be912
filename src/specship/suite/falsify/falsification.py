"""Falsification: each gate passes on the clean pipeline and fails on each of its faults, as predicted.

The clean artifacts are made once; a fault's injection makes only what the fault reaches. Both are judged by
the judge that judges what ships. What was measured is kept, so that an interrupted run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from specship.contracts.judging import Verdict
from specship.errors import SpecshipError
from specship.faults.catalogue import DeclaredFault, read_fault
from specship.status.report import GateReport
from specship.suite.artifacts.runner import Listener
from specship.suite.artifacts.store import Store
from specship.suite.falsify.injection_runner import InjectionRunner
from specship.suite.falsify.records import Catch, PairReport
from specship.suite.judging.judge_process import JudgeProcess
from specship.suite.judging.session import Session
from specship.suite.plan.fault_injection import HEALTHY, FaultInjection, find_injection
from specship.suite.plan.healthy import FalseAlarms, alarm_of, asked, read_healthy
from specship.suite.plan.plan import Check, Plan


@dataclass(frozen=True, slots=True)
class Pair:
    """A gate at the profile of falsification, and one of its faults."""

    check: Check
    fault: str

    @property
    def node(self) -> str:
        """Its name as a test: `contracts/NAME-v1.yaml::GATE::FAULT`."""
        return f"{self.check.node}::{self.fault}"


def pairs_of(plan: Plan) -> tuple[Pair, ...]:
    """Every pair that the contracts name, of gates that somebody can measure."""
    return tuple(Pair(check, fault) for check in plan.checks if check.probe for fault in check.gate.faults)


@dataclass(slots=True)
class Falsification:
    """The clean pipeline and the faulty ones of one plan, with one judge for all of them."""

    plan: Plan
    listener: Listener = lambda _event: None
    clean: Session = field(init=False)
    _injections: dict[str, Session] = field(default_factory=dict)
    _clean: dict[str, GateReport] = field(default_factory=dict)
    """What the clean pipeline showed of each gate, once a session."""

    def __post_init__(self) -> None:
        self.clean = Session(self.plan, self.listener, judge=JudgeProcess(self.plan))

    def close(self) -> None:
        """End the judge's process."""
        self.clean.close()

    def injection(self, name: str) -> Session:
        """The session under a fault.

        Raises:
            SpecshipError: there is no such fault, or its file cannot be used.
        """
        if name not in self._injections:
            self._injections[name] = self.session_in(find_injection(self.plan, name))
        return self._injections[name]

    def session_in(self, injection: FaultInjection) -> Session:
        """A session under an injection; the clean pipeline lends what it does not reach."""
        session = Session(
            injection.plan_of(self.plan), self.listener, injection=injection.name, judge=self.clean.judge
        )
        session.make_runner = lambda model: self._runner(session, injection, model)
        return session

    def _runner(self, session: Session, injection: FaultInjection, model: str) -> InjectionRunner:
        plan = session.plan
        return InjectionRunner(
            plan.project.root,
            Store.of(plan.project.state, model, plan.profile),
            plan.profile.settings_of(model),
            model,
            self.listener,
            {name: session.runner(lender) for name, lender in plan.profile.lenders_of(model).items()},
            inherit=plan.project.configuration.inherit,
            clean=self.clean.runner(model),
            injection=injection,
            profile=plan.profile,
            folder=str(plan.project.fault_folder or ""),
        )

    def settle(self, pair: Pair) -> PairReport:
        """Bring a pair to an answer: from what was measured before, else by planting the fault now.

        Raises:
            KeyboardInterrupt: as it comes; children are stopped first.
        """
        return self._answer(pair, make=True)

    def healthy(self, variant: str, *, make: bool = True) -> list[GateReport]:
        """What the gates say of a healthy variant; measured now where it was not, if `make`.

        Raises:
            SpecshipError: the project has no such variant.
        """
        file = read_healthy(self.plan.project)
        session = self.injection(f"{HEALTHY}{variant}/{file.model if file else ''}")
        entry = file.variant(variant) if file else None
        checks = asked(session.plan, file, entry) if file else ()
        return [session.settle(check) if make else session.known(check) for check in checks]

    def false_alarms(self) -> FalseAlarms | None:
        """What is known of the healthy variants; None where the project has none."""
        file = read_healthy(self.plan.project)
        if file is None:
            return None
        reports = {v.name: self.healthy(v.name, make=False) for v in file.variants}
        given = [(name, report) for name, found in reports.items() for report in found if report.fresh]
        alarms = (alarm_of(name, report) for name, report in given)
        return FalseAlarms(
            variants=sum(any(report.fresh for report in found) for found in reports.values()),
            judged=len(given),
            missing=sum(len(found) for found in reports.values()) - len(given),
            alarms=tuple(alarm for alarm in alarms if alarm),
        )

    def known(self, pair: Pair) -> PairReport:
        """What is known of a pair; nothing is made or measured."""
        return self._answer(pair, make=False)

    def _answer(self, pair: Pair, *, make: bool) -> PairReport:
        gate = pair.check.gate
        try:
            loaded = read_fault(pair.fault, self.plan.project.fault_folder)
        except SpecshipError as error:
            return _report(pair, None, Catch.UNMEASURED, str(error))
        if loaded.way == "described":
            return _report(pair, loaded, Catch.DESCRIBED, loaded.fault.described)
        if gate.id not in self._clean:
            self._clean[gate.id] = self.clean.settle(pair.check) if make else self.clean.known(pair.check)
        clean = self._clean[gate.id]
        if clean.verdict in {Verdict.BLOCKED, Verdict.UNBOUND}:
            return _report(pair, loaded, Catch.BLOCKED, clean.reason)
        if not (make or clean.fresh):
            return _report(pair, loaded, Catch.NOT_RUN, clean.reason)
        if not gate.faults[pair.fault]:
            return _report(pair, loaded, Catch.UNPREDICTED, "the contract does not say which quantity fails")
        if not (clean.fresh and clean.verdict == Verdict.PASS):
            return _report(
                pair, loaded, Catch.CLEAN_FAILS, f"{clean.verdict or 'no verdict'}: {clean.reason}"
            )
        session = self.injection(f"{pair.fault}/{pair.check.model.id}")
        check = next(c for c in session.plan.checks if c.gate.id == gate.id)
        return judged(pair, loaded, session.settle(check) if make else session.known(check))


def judged(pair: Pair, loaded: DeclaredFault, faulty: GateReport) -> PairReport:
    """The answer that a faulty measurement gives; the clean one passed."""
    predicted = pair.check.gate.faults[pair.fault]
    if not faulty.fresh or faulty.verdict is None:
        return _report(pair, loaded, Catch.NOT_RUN, faulty.reason, faulty)
    if faulty.verdict not in {Verdict.PASS, Verdict.FAIL}:
        return _report(pair, loaded, Catch.UNMEASURED, f"{faulty.verdict}: {faulty.reason}", faulty)
    if faulty.verdict == Verdict.PASS:
        return _report(pair, loaded, Catch.MISSED, f"it passes although {loaded.sentence}", faulty)
    failing = [entry.quantity for entry in faulty.measured if not entry.holds]
    in_force = pair.check.gate.expect
    broken = {
        entry.quantity
        for entry in faulty.measured
        if in_force[entry.quantity].broken_by(entry.figure, entry.known_by)
    }
    if holding := [quantity for quantity in predicted if quantity in in_force and quantity not in broken]:
        said = f"{', '.join(holding)} should be measured and fail; failing: {', '.join(failing) or 'nothing'}"
        return _report(pair, loaded, Catch.OTHER_REASON, said, faulty)
    return _report(pair, loaded, Catch.CAUGHT, faulty.reason, faulty)


def _report(
    pair: Pair, loaded: DeclaredFault | None, catch: Catch, reason: str, faulty: GateReport | None = None
) -> PairReport:
    return PairReport(
        gate=pair.check.gate.id,
        contract=pair.check.file.path,
        fault=pair.fault,
        row=loaded.fault.row if loaded else "",
        stage=loaded.fault.stage if loaded else "",
        way=loaded.way if loaded else "",
        predicted=pair.check.gate.faults[pair.fault],
        catch=catch,
        reason=reason,
        measured=tuple(entry for entry in faulty.measured if not entry.holds) if faulty else (),
        evidence=faulty.evidence if faulty else None,
        seconds=faulty.seconds if faulty else 0.0,
    )


def in_stage_order(pairs: Iterable[Pair], plan: Plan) -> list[Pair]:
    """Pairs of one fault together, early stages first, so that what was made once serves all its gates."""
    from specship.pipeline.registry import all_stages

    order = {name: number for number, name in enumerate(all_stages())}

    def place(pair: Pair) -> tuple[int, str]:
        try:
            stage = read_fault(pair.fault, plan.project.fault_folder).fault.stage
        except SpecshipError:
            stage = ""
        return order.get(stage, len(order)), pair.fault

    return sorted(pairs, key=place)
