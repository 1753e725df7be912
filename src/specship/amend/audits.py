"""What audits found, held against the evidence of today.

A word in a file closes nothing. A finding is RESOLVED while the gates that it is bound to pass on fresh
evidence, or the statement that its pointer names says PASS and is fresh; it is SUPERSEDED by an amendment
that is there. Whatever says so without that is OPEN, and a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from specship.amend.findings import points_to
from specship.contracts.records import Frozen
from specship.specs.advice import Advice, advice
from specship.specs.version import History
from specship.status.report import GateReport, ModelReport


class AuditStanding(Frozen):
    """One finding of an audit today."""

    id: str
    """Id of the recommendation."""
    what: str
    """What the audit says."""
    audit: str
    """Name of the audit's file."""
    sha256: str
    """Digest of the audit."""
    place: str
    """Where in it the finding stands."""
    binds_to: tuple[str, ...]
    """Criteria and gates that show whether it was followed; empty for none."""
    stated: Literal["OPEN", "RESOLVED", "SUPERSEDED"]
    """What the last amendment that speaks of it says."""
    stated_in: str
    """File of that amendment."""
    state: Literal["OPEN", "RESOLVED", "SUPERSEDED"]
    """What holds today."""
    by: tuple[str, ...] = ()
    """Digests of the statements that say so, or files of the amendments."""
    problem: str = ""
    """Why what is stated does not hold; empty when it does."""


def audit_standings(history: History, models: Sequence[ModelReport]) -> tuple[AuditStanding, ...]:
    """Every finding of every audit, at the profile of the reports."""
    gates = {gate.id: gate for model in models for one in model.criteria for gate in one.gates}
    criteria = {one.id: one.gates for model in models for one in model.criteria}
    amendments = [step.name for step in history.steps]
    return tuple(
        _standing(one, gates, criteria, amendments) for one in advice(history).values() if one.given.origin
    )


def _standing(
    one: Advice,
    gates: Mapping[str, GateReport],
    criteria: Mapping[str, Sequence[GateReport]],
    amendments: Sequence[str],
) -> AuditStanding:
    by: tuple[str, ...] = ()
    problem = ""
    if one.last.state == "SUPERSEDED":
        by = points_to(one.last.pointer or "", [name for name in amendments if name != one.given_in])
        problem = "" if by else f"no amendment is called {one.last.pointer!r}"
    elif one.last.state == "RESOLVED":
        by, problem = _evidence(one, gates, criteria)
    origin = one.given.origin
    return AuditStanding(
        id=one.id,
        what=one.given.what,
        audit=origin.audit if origin else "",
        sha256=origin.sha256 if origin else "",
        place=origin.place if origin else "",
        binds_to=one.given.binds_to,
        stated=one.last.state,
        stated_in=one.last_in,
        state="OPEN" if problem else one.last.state,
        by=() if problem else by,
        problem=problem,
    )


def _evidence(
    one: Advice, gates: Mapping[str, GateReport], criteria: Mapping[str, Sequence[GateReport]]
) -> tuple[tuple[str, ...], str]:
    """The statements that say that a finding is resolved, or why none does."""
    asked: dict[str, GateReport] = {}
    for name in one.given.binds_to:
        own = [gates[name]] if name in gates else [gate for gate in criteria.get(name, ()) if gate.blocking]
        if not own:
            return (), f"it is bound to {name}, for which no gate speaks"
        asked |= {gate.id: gate for gate in own}
    if not asked:
        statements = {gate.evidence: gate for gate in gates.values() if gate.evidence}
        for name in points_to(one.last.pointer or "", [*gates, *statements]):
            gate = gates.get(name) or statements[name]
            asked[gate.id] = gate
        if not asked:
            return (), f"it is bound to nothing, and {one.last.pointer!r} names no statement of today"
    for gate in asked.values():
        if why := _does_not_hold(gate):
            return (), why
    return tuple(gate.evidence or "" for gate in asked.values()), ""


def _does_not_hold(gate: GateReport) -> str:
    if gate.verdict != "PASS":
        return f"{gate.id} is {gate.verdict or 'without evidence'}: {gate.reason}"
    if not gate.fresh:
        return f"{gate.id} has stale evidence: {gate.reason}"
    return "" if gate.armed else f"{gate.id} is not armed: {gate.unarmed}"


def audit_problems(standings: Iterable[AuditStanding]) -> tuple[str, ...]:
    """What is wrong with what amendments say of audits, in words."""
    return tuple(
        f"{one.stated_in}: {one.id} is stated {one.stated}, and is not: {one.problem}\n"
        "  why:  an audit is answered by evidence, not by a word\n"
        "  mend: measure it (`pytest -m ship`), or leave it open"
        for one in standings
        if one.problem
    )
