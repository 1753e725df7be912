"""The matrix: every fault against every gate that must catch it, and what stands alone in it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from specship.contracts.records import Frozen
from specship.errors import SpecshipError
from specship.faults.catalogue import known_faults, read_fault
from specship.specs.project import Project
from specship.status.assess import limit_reports
from specship.status.report import LimitReport, Measured
from specship.suite.falsify.falsification import Falsification, Pair, pairs_of
from specship.suite.falsify.records import Catch, PairReport
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.healthy import FalseAlarms


class FaultRow(Frozen):
    """One fault."""

    fault: str
    """Its name."""
    sentence: str
    """What goes wrong, in one sentence."""
    row: str
    """Row of the catalogue of defects."""
    stage: str
    """Stage in which it is planted."""
    way: str
    """How it is planted: `component`, `artifact`, `setting`, or only `described`."""
    described: str
    """Why nothing plants it; empty where something does."""
    gates: tuple[str, ...]
    """Gates that must catch it."""


class GateRow(Frozen):
    """One gate."""

    gate: str
    """Its id."""
    contract: str
    """Path of its contract."""
    armed: bool
    """Whether each limit that a fault can break was seen to fail, as it stands today."""
    unarmed: str
    """Why it is not armed; empty when it is."""
    limits: tuple[LimitReport, ...]
    """Each limit in force, and whether it was seen to fail."""
    blocked: bool
    """Whether nothing on this machine could show it: it is neither armed nor decoration here."""
    decoration: bool
    """Whether it catches nothing: no fault, or none that was seen to make it fail."""


class Matrix(Frozen):
    """Everything that is known of faults and gates."""

    spec: str
    """Id of the spec."""
    profile: str
    """Where gates are seen to fail."""
    pairs: tuple[PairReport, ...]
    """Each gate on each of its faults."""
    faults: tuple[FaultRow, ...]
    """Every fault, those that no gate names too."""
    gates: tuple[GateRow, ...]
    """Every gate that has a probe and speaks for a criterion."""
    false_alarms: FalseAlarms | None = None
    """What healthy variants were told; null where the project has none."""
    problems: tuple[str, ...] = Field(default=())
    """What is wrong with records or faults, in words."""


def read_matrix(project: Project) -> Matrix:
    """The matrix as it stands: from what was measured here, else from the records of arming."""
    plan = falsification_plan(project)
    falsification, book = Falsification(plan), ArmingBook(project)
    pairs = tuple(_pair(falsification, book, pair) for pair in pairs_of(plan))
    caught = {pair.gate for pair in pairs if pair.catch == Catch.CAUGHT}
    blocked = {pair.gate for pair in pairs if pair.catch == Catch.BLOCKED}
    gates = []
    for check in plan.checks:
        if check.probe is not None:
            known = book.limits_seen(check, plan)
            gates.append(
                GateRow(
                    gate=check.gate.id,
                    contract=check.file.path,
                    armed=not known.unarmed,
                    unarmed=known.unarmed,
                    limits=limit_reports(check.gate, known.seen),
                    blocked=check.gate.id in blocked,
                    decoration=check.gate.id not in caught | blocked,
                )
            )
    problems = [str(error) for error in book.damaged]
    return Matrix(
        spec=project.spec.spec.spec_id,
        profile=plan.profile.profile,
        pairs=pairs,
        faults=tuple(_fault_rows(project, problems)),
        gates=tuple(gates),
        false_alarms=falsification.false_alarms(),
        problems=tuple(problems),
    )


def _pair(falsification: Falsification, book: ArmingBook, pair: Pair) -> PairReport:
    """What was measured here; on a clone that never falsified, what the gate's record says."""
    report = falsification.known(pair)
    if report.catch not in {Catch.NOT_RUN, Catch.BLOCKED}:
        return report
    if not book.limits_seen(pair.check, falsification.plan).seen:
        return report
    for entry in book.by_gate.get(report.gate, ()):
        seen = entry.arming.faults.get(pair.fault)
        if seen is not None:
            failing = tuple(Measured(**item.model_dump(), holds=False) for item in seen.fails)
            said = "; ".join(f"{m.quantity} = {m.value} {m.unit}, limit {m.limit}" for m in failing)
            return report.model_copy(
                update={
                    "catch": Catch.CAUGHT,
                    "reason": f"seen on {entry.arming.ended:%Y-%m-%d}: {said}",
                    "measured": failing,
                    "evidence": seen.evidence,
                }
            )
    return report


def _fault_rows(project: Project, problems: list[str]) -> Iterator[FaultRow]:
    gates: dict[str, list[str]] = {}
    for file in project.contracts:
        for gate in file.contract.gates:
            for fault in gate.faults:
                gates.setdefault(fault, []).append(gate.id)
    for name in sorted(known_faults(project.fault_folder)):
        try:
            loaded = read_fault(name, project.fault_folder)
        except SpecshipError as error:
            problems.append(str(error))
            continue
        yield FaultRow(
            fault=name,
            sentence=loaded.sentence,
            row=loaded.fault.row,
            stage=loaded.fault.stage,
            way=loaded.way,
            described=loaded.fault.described,
            gates=tuple(gates.get(name, ())),
        )
