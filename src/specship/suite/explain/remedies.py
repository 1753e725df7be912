"""What would mend a gate or a criterion: the next command, or the figure that misses and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specship.contracts.expectation import Expectation
from specship.probes.probe import Probe
from specship.status.assess import to_arm
from specship.status.report import CriterionReport, GateReport, Measured
from specship.suite.plan.plan import Check, Plan
from specship.suite.scaffold.contract import probes_of_stage
from specship.units import Quantity, Value

_SHOWN = 6


def command(plan: Plan, gate: str) -> str:
    """The command that measures one gate at a profile."""
    own = plan.project.configuration.profile
    name = plan.profile.profile
    return f"pytest -m ship -k {gate}" + ("" if name == own else f" --specship-profile {name}")


def gate_mend(plan: Plan, check: Check, known: GateReport, probes: Mapping[str, Probe]) -> tuple[str, ...]:
    """What would bring a gate to PASS at a profile, one step a line."""
    again = command(plan, known.id)
    if check.probe is None:
        return tuple(_to_bind(check, probes))
    if known.verdict == "BLOCKED" or not plan.profile.settings_of(check.model.id):
        return tuple(_to_unblock(plan, check, known, again))
    if known.verdict is None:
        return (f"run it: {again}",)
    if not known.fresh:
        return (f"its evidence is stale ({known.reason}); measure again: {again}",)
    if known.verdict == "FAIL":
        return (*_misses(check, known), f"mend what it measures, then: {again}")
    if known.verdict == "UNBOUND":
        return (f"have it recorded, or declared as the lines above say, then: {again}",)
    if known.verdict == "ERROR":
        return (f"mend the cause named above, then: {again}",)
    return () if known.armed else (f"it passes and is not armed ({known.unarmed}): {to_arm(known)}",)


def _to_bind(check: Check, probes: Mapping[str, Probe]) -> Iterable[str]:
    place = check.file.place(check.gate, "id")
    yield f"write `probe:` and `expect:` below {place}"
    stage = check.file.contract.stage
    if near := probes_of_stage(stage, probes)[:_SHOWN]:
        yield f"probes that measure artifacts of stage {stage}: {', '.join(probe.name for probe in near)}"
    yield f"or write one: specship new probe {stage}.what_it_measures"


def _to_unblock(plan: Plan, check: Check, known: GateReport, again: str) -> Iterable[str]:
    profile = plan.profile.profile
    if not plan.profile.settings_of(check.model.id):
        path = plan.project.spec.profile_documents[profile].path
        yield f"profile {profile} has no pipeline for {check.model.id}: write `pipeline:` into {path}"
        return
    if "CUDA" in known.reason:
        yield f"on a machine with a CUDA device: {again}"
    else:
        yield f"bring what is missing, then: {again}"


def _misses(check: Check, known: GateReport) -> Iterable[str]:
    for entry in known.measured:
        if not entry.holds and entry.quantity in check.gate.expect:
            yield f"{entry.quantity}: {miss(check.gate.expect[entry.quantity], entry)}"
    if not any(not entry.holds for entry in known.measured):
        yield known.reason


def miss(expectation: Expectation, entry: Measured) -> str:
    """By how much a measured value misses its limit, in words."""
    value, limit = entry.value, expectation.limit
    if value is None:
        return f"it was not measured, and has to be {entry.limit}"
    if entry.unit != expectation.unit:
        return f"it was measured in {entry.unit}, and the limit is in {expectation.unit}"
    if expectation.confidence is not None:
        return (
            f"{entry.figure} is between {entry.interval or 'nobody knows what'}, and has to be {entry.limit}"
        )
    shown = f"{Quantity(value, entry.unit)}, and has to be {entry.limit}"
    if (distance := _distance(expectation.operator, value, limit)) is None:
        return shown
    amount = str(Quantity(abs(distance), entry.unit))
    if distance == 0:
        return f"{shown}: it stands exactly on the limit"
    return f"{shown}: {amount} too {'much' if distance > 0 else 'little'}"


def _distance(operator: str, value: Value, limit: object) -> float | None:
    """How far above (or, negative, below) a limit a number lies; None where that means nothing."""
    low, high = limit if operator == "between" and isinstance(limit, tuple) else (limit, limit)
    number, low, high = _number(value), _number(low), _number(high)
    if number is None or low is None or high is None:
        return None
    return number - high if number >= high else number - low


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def criterion_mend(
    report: CriterionReport, statuses: Mapping[str, str], mends: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """What would discharge a criterion; `mends` gives the steps of each gate by id."""
    if report.status in {"DISCHARGED", "NOT_JUDGED"}:
        return ()
    if not any(gate.blocking for gate in report.gates):
        return (f"give it a blocking gate: specship new contract NAME --criterion {report.id}",)
    steps = [
        f"{gate.id}: {mends[gate.id][0]}"
        for gate in report.gates
        if gate.blocking and not (gate.fresh and gate.verdict == "PASS" and gate.armed) and mends.get(gate.id)
    ]
    waiting = [name for name, status in statuses.items() if status not in {"DISCHARGED", "NOT_JUDGED"}]
    steps += [f"{name} has to be discharged first: specship explain {name}" for name in waiting]
    return tuple(steps)
