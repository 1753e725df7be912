"""From gates as they stand today, and a ledger, to the status of each criterion and the ship-%.

This is the one place where a percentage is made. No file has a field for it, and no flag
changes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from specship.contracts.expectation import Expectation, shown_interval
from specship.contracts.judging import Judgement, Verdict
from specship.contracts.measurement import ON_WORD
from specship.contracts.records import Gate
from specship.evidence.arming import NAMES_NO_FAULT
from specship.evidence.ledger import GateEntries, Ledger
from specship.specs.records import Criterion, Model, Profile
from specship.status.bypasses import relaxed
from specship.status.folding import GateStanding, entries_of, standing
from specship.status.freshness import Today
from specship.status.own_noise import own_noise
from specship.status.report import (
    CriterionReport,
    GateReport,
    LimitReport,
    Measured,
    ModelReport,
    Standing,
    signer_reports,
)
from specship.status.waiving import fingerprint
from specship.wording import counted

JudgedGates = dict[str, tuple[Today, GateEntries, GateReport]]
"""By gate: what stood today, the entries that speak of it, and what follows."""


def ship_percent(criteria: Iterable[CriterionReport]) -> float:
    """Weight of DISCHARGED criteria over the weight of all that the profile judges, in percent."""
    judged = [criterion for criterion in criteria if criterion.status != Standing.NOT_JUDGED]
    total = sum(criterion.weight for criterion in judged)
    earned = sum(criterion.weight for criterion in judged if criterion.status == Standing.DISCHARGED)
    return 100.0 * earned / total if total else 0.0


def _ceiling(reports: Mapping[str, CriterionReport], criteria: Mapping[str, Criterion]) -> float:
    """The ship-% if everything that can be measured here today passed; what waits for the rest waits."""

    def reachable(criterion: CriterionReport) -> bool:
        blocking = [gate for gate in criterion.gates if gate.blocking]
        return bool(blocking) and all(gate.verdict not in {"UNBOUND", "BLOCKED"} for gate in blocking)

    return _percent_if(reports, criteria, {name for name, report in reports.items() if reachable(report)})


def _percent_if(
    reports: Mapping[str, CriterionReport], criteria: Mapping[str, Criterion], sound: Collection[str]
) -> float:
    supposed = {
        name: report
        if report.status == Standing.NOT_JUDGED
        else report.model_copy(
            update={"status": Standing.DISCHARGED if name in sound else Standing.OPEN, "reasons": ()}
        )
        for name, report in reports.items()
    }
    _with_dependencies(supposed, criteria)
    return ship_percent(supposed.values())


def percent_if(report: ModelReport, model: Model, sound: Collection[str]) -> float:
    """The ship-% of a model if the gates of these criteria, and of no others, were in order.

    A criterion whose own gates are in order still waits for those that it depends on.
    """
    criteria = {criterion.id: criterion for criterion in model.criteria}
    return _percent_if({one.id: one for one in report.criteria}, criteria, sound)


def sound_by_themselves(report: ModelReport, ledger: Ledger) -> frozenset[str]:
    """The criteria whose own gates are in order, whatever those that they depend on are."""
    return frozenset(
        one.id for one in report.criteria
        if one.status != Standing.NOT_JUDGED and _standing_of(one.gates, ledger)[0] == Standing.DISCHARGED
    )  # fmt: skip


def gate_report(today: Today, known: GateStanding, *, session_began: datetime | None = None) -> GateReport:
    """What is known of one gate, as a record."""
    evidence = known.newest.evidence if known.newest else None
    quantities = evidence.measurement.quantities if evidence and evidence.measurement else {}
    measured = tuple(
        Measured(
            quantity=entry.quantity,
            value=entry.measured.value if entry.measured else None,
            unit=entry.measured.unit if entry.measured else entry.expectation.unit,
            limit=entry.expectation.limit_text,
            holds=entry.holds,
            own_noise=own_noise(entry.quantity, quantities),
            **_ends(entry.expectation),
            **_interval(entry),
        )
        for entry in (known.ruling.judgements if known.ruling else ())
    )
    notes = evidence.measurement.notes if evidence and evidence.measurement else ()
    failed = known.verdict if known.fresh and known.verdict in {Verdict.FAIL, Verdict.ERROR} else None
    return GateReport(
        id=today.gate.id,
        contract=today.contract,
        rule=today.gate.rule,
        blocking=today.gate.ship_blocking,
        verdict=known.verdict.value if known.verdict else None,
        reason=known.reason,
        armed=not today.unarmed,
        unarmed=today.unarmed,
        limits=limit_reports(today.gate, today.seen),
        fresh=known.fresh,
        checked=known.ruling.checked if known.ruling else "nothing",
        measured=measured,
        notes=notes,
        cautions=(
            *known.cautions,
            *(note for note in notes if note.startswith(ON_WORD)),
            *filter(None, (today.caution,)),
        ),
        bypasses=relaxed(evidence) if evidence else (),
        evidence=known.newest.digest if known.newest else None,
        signers=signer_reports(known.newest.signers, today.ring) if known.newest else (),
        seconds=round(evidence.seconds, 3) if evidence else 0.0,
        ended=evidence.ended.isoformat() if evidence else None,
        cached=not (evidence and session_began and evidence.ended >= session_began),
        fingerprint=fingerprint(today.gate.id, today.profile, failed, measured) if failed else "",
    )


def _interval(entry: Judgement) -> dict[str, Any]:
    """What a report says of a limit with a confidence; nothing of any other."""
    confidence, beside = entry.expectation.confidence, entry.beside
    if confidence is None or beside is None or isinstance(beside.value, str | bool):
        return {}
    interval = entry.interval
    shown = shown_interval(interval, confidence) if interval else "no interval"
    return {
        "beside": beside.value,
        "beside_unit": beside.unit,
        "interval": shown,
        "interval_low": interval[0] if interval else None,
        "interval_high": interval[1] if interval else None,
    }


def _ends(limit: Expectation) -> dict[str, Any]:
    """The smallest and the largest number that a limit lets pass."""
    operator, asked = limit.operator, limit.limit
    if operator == "between":
        return {"least": asked[0], "most": asked[1]}
    if operator in {"at_most", "below"}:
        return {"most": asked}
    if operator in {"at_least", "above"}:
        return {"least": asked}
    if operator == "equals" and type(asked) in {int, float}:
        return {"least": asked, "most": asked}
    return {}


def limit_reports(gate: Gate, seen: Collection[str]) -> tuple[LimitReport, ...]:
    """Each limit in force of a gate, and whether it was seen to fail."""
    found = []
    for quantity in gate.expect:
        if quantity in seen:
            by = tuple(name for name, predicted in gate.faults.items() if quantity in predicted)
            found.append(LimitReport(quantity=quantity, seen="seen", faults=by))
        elif quantity in gate.unfalsified:
            found.append(LimitReport(quantity=quantity, seen="excused", why=gate.unfalsified[quantity]))
        else:
            found.append(LimitReport(quantity=quantity, seen="unseen"))
    return tuple(found)


def to_arm(gate: GateReport) -> str:
    """What arms a gate, in words."""
    if gate.unarmed == NAMES_NO_FAULT:
        return "write `falsified_by:` in its contract, then `pytest -m falsify` and `specship faults --arm`"
    if any(limit.seen == "seen" for limit in gate.limits):
        return (
            "predict them in `falsified_by:` and see them fail, or say in `unfalsified:` why no fault can "
            "break them"
        )
    return f"see it fail (`make falsify`, or `pytest -m falsify -k {gate.id}`), then `specship faults --arm`"


def _standing_of(gates: Sequence[GateReport], ledger: Ledger) -> tuple[Standing, tuple[str, ...]]:
    """The status that blocking gates give a criterion, before its dependencies are asked."""
    blocking = [gate for gate in gates if gate.blocking]
    if not blocking:
        return Standing.OPEN, ("no blocking gate binds to it yet",)

    found = {
        Standing.FAILED: [g for g in blocking if g.fresh and g.verdict in {"FAIL", "ERROR"}],
        Standing.BLOCKED: [g for g in blocking if g.verdict == "BLOCKED"],
        Standing.STALE: [g for g in blocking if not g.fresh and g.verdict in {"PASS", "FAIL", "ERROR"}],
        Standing.OPEN: [g for g in blocking if g.verdict in {None, "UNBOUND"}],
    }
    for status, gates_so in found.items():
        if gates_so:
            return status, tuple(f"{gate.id}: {gate.reason}" for gate in gates_so)
    if ledger.flaws:
        lost = counted(ledger.flaws, "statement is", "statements are")
        return Standing.STALE, (f"the ledger is not whole: {lost} missing or damaged",)
    if unarmed := [gate for gate in blocking if not gate.armed]:
        return Standing.OPEN, tuple(
            f"{gate.id} is not armed: {gate.unarmed}; {to_arm(gate)}" for gate in unarmed
        )
    failing = [gate for gate in gates if not gate.blocking and gate.verdict in {"FAIL", "ERROR"}]
    return Standing.DISCHARGED, (
        *(f"{gate.id} passes, and {caution}" for gate in blocking for caution in gate.cautions),
        *(f"advisory {gate.id} fails: {gate.reason}" for gate in failing),
    )


def _with_dependencies(reports: dict[str, CriterionReport], criteria: Mapping[str, Criterion]) -> None:
    """A criterion is not discharged while one it depends on is not; repeated until nothing changes."""
    changed = True
    while changed:
        changed = False
        for identity, report in reports.items():
            waiting = [
                needed
                for needed in criteria[identity].depends_on
                if reports[needed].status not in {Standing.DISCHARGED, Standing.NOT_JUDGED}
            ]
            if report.status == Standing.DISCHARGED and waiting:
                reasons = tuple(f"it depends on {n}, which is {reports[n].status}" for n in waiting)
                reports[identity] = report.model_copy(update={"status": Standing.BLOCKED, "reasons": reasons})
                changed = True


def assess(
    model: Model,
    profile: Profile,
    gates: Sequence[Today],
    ledger: Ledger,
    *,
    session_began: datetime | None = None,
    now: datetime | None = None,
    judged: JudgedGates | None = None,
) -> ModelReport:
    """One model at one profile, from the ledger alone.

    `judged` are gates of this model and profile as they were judged at the same moment from perhaps another
    ledger: where gate and statements are the same, so is what is known. It takes in those of this call.
    """
    judged = {} if judged is None else judged
    reports: dict[str, CriterionReport] = {}
    known: dict[str, GateReport] = {}
    for today in gates:
        if today.model == model.id:
            own = entries_of(today, ledger, now=now)
            before = judged.get(today.gate.id)
            if before is None or before[:2] != (today, own):
                report = gate_report(today, standing(today, own, now=now), session_began=session_began)
                judged[today.gate.id] = before = (today, own, report)
            known[today.gate.id] = before[2]
    for criterion in model.criteria:
        bound = tuple(
            known[today.gate.id]
            for today in gates
            if today.gate.id in known and criterion.id in today.gate.binds_to
        )
        status, reasons = _standing_of(bound, ledger)
        if criterion.id in profile.not_judged:
            status, reasons = Standing.NOT_JUDGED, (profile.not_judged[criterion.id],)
        reports[criterion.id] = CriterionReport(
            id=criterion.id,
            statement=criterion.statement,
            status=status,
            weight=criterion.weight,
            reasons=reasons,
            gates=bound,
        )
    criteria = {criterion.id: criterion for criterion in model.criteria}
    _with_dependencies(reports, criteria)
    return ModelReport(
        model=model.id,
        profile=profile.profile,
        kind=profile.kind,
        ship_percent=ship_percent(reports.values()),
        ceiling_percent=_ceiling(reports, criteria),
        criteria=tuple(reports.values()),
    )


_MEND: Final = (
    "restore the files from git; or, where another copy has them,\n"
    "        `specship evidence mend --from OTHER/.specship/ledger`; else `specship evidence mend --anew`\n"
    "        sets the ledger aside, and `pytest -m ship` measures again"
)


def ledger_problems(ledger: Ledger) -> tuple[str, ...]:
    """What is wrong with a ledger, in words."""
    problems = [*map(str, ledger.damaged), *ledger.doubts]
    if ledger.holes:
        shown = ", ".join(f"sha256:{digest[:12]}…" for digest in ledger.holes[:3])
        problems.append(
            f"ledger: statements refer to {shown} ({len(ledger.holes)} in all), which are missing\n"
            "  why:  a deleted failure would look like a pass; nothing counts until the ledger is whole\n"
            f"  mend: {_MEND}"
        )
    problems += [
        f"ledger: {entry.record.gate} was begun at {entry.record.started:%Y-%m-%d %H:%M} UTC "
        f"(attempt sha256:{entry.digest[:12]}…), and its result is missing\n"
        "  why:  a result that was taken away could be a failure; nothing counts until it is there again\n"
        f"  mend: {_MEND}"
        for entry in ledger.lost
    ]
    return tuple(problems)
