"""What each quantity was, over the statements of a ledger that a known key signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from specship.evidence.ledger import Ledger
from specship.evidence.statement import Evidence, Opened
from specship.exhibits.thinning import thinned
from specship.status.exhibits import FigureMoved, GateMoved, MeasuredPoint, QuantityHistory
from specship.status.report import GateReport, Report

MOST_POINTS: Final = 60
"""Of one quantity: a page is read by people."""
_Key = tuple[str, str, str]
"""Model, profile and gate."""


def by_gate(ledger: Ledger) -> Mapping[_Key, list[Opened]]:
    """The statements that a known key signed, oldest first."""
    found: dict[_Key, list[Opened]] = {}
    for statement in ledger.statements:
        one = statement.evidence
        if statement.signers and one.measurement is not None:
            found.setdefault((one.model, one.profile, one.gate), []).append(statement)
    return found


def number(value: object) -> float | None:
    """A figure that can be drawn: a number that is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < float("inf") else None


def gates_of(report: Report) -> Iterator[tuple[_Key, GateReport]]:
    """Every gate of a report once for each model and profile."""
    for model in report.models:
        gates = {gate.id: gate for criterion in model.criteria for gate in criterion.gates}
        yield from (((model.model, model.profile, name), gate) for name, gate in gates.items())


def histories(
    report: Report, statements: Mapping[_Key, list[Opened]], *, most: int = MOST_POINTS
) -> Iterator[QuantityHistory]:
    """The history of every quantity that a gate of the report has a limit for, and that is a number."""
    for key, gate in gates_of(report):
        found = statements.get(key, [])
        digests = {one.digest: one.evidence.gate_digest for one in found}
        today = digests.get(gate.evidence or "")
        for measured in gate.measured:
            points = list(_points(found, measured.quantity, measured.unit, today))
            if points:
                yield QuantityHistory(
                    model=key[0], profile=key[1], gate=key[2], quantity=measured.quantity, unit=measured.unit,
                    points=thinned(points, most, lambda point: point.value), of=len(points),
                )  # fmt: skip


def _points(
    statements: Iterable[Opened], quantity: str, unit: str, today: str | None
) -> Iterator[MeasuredPoint]:
    for statement in statements:
        one = statement.evidence
        measured = one.measurement.quantities.get(quantity) if one.measurement else None
        value = number(measured.value) if measured and measured.unit == unit else None
        if value is not None:
            yield MeasuredPoint(
                ended=one.ended.isoformat(), value=value, verdict=one.verdict, statement=statement.digest,
                commit=one.environment.git_commit, as_today=one.gate_digest == today,
            )  # fmt: skip


def moved_gates(report: Report, statements: Mapping[_Key, list[Opened]]) -> Iterator[GateMoved]:
    """Gates whose newest measurement differs from the last one of other bytes or demands; verdicts first."""
    moved = [found for key, gate in gates_of(report) if (found := _moved(key, gate, statements.get(key, [])))]
    yield from sorted(moved, key=lambda one: one.before == one.after)


def _moved(key: _Key, gate: GateReport, found: list[Opened]) -> GateMoved | None:
    if len(found) < 2:
        return None
    after = found[-1].evidence
    earlier = [one.evidence for one in found[:-1]]
    # Measured again on the same bytes and demands, as for a signature, a gate says nothing new.
    before = next((one for one in reversed(earlier) if _asked(one) != _asked(after)), earlier[-1])
    pairs = (
        (one.quantity, _figure(before, one.quantity), _figure(after, one.quantity)) for one in gate.measured
    )
    figures = tuple(
        FigureMoved(quantity=name, unit=new[1], before=old[0], after=new[0])
        for name, old, new in pairs
        if old and new and old != new and old[1] == new[1]
    )
    if before.verdict == after.verdict and not figures:
        return None
    return GateMoved(
        model=key[0], profile=key[1], gate=key[2], before=before.verdict, after=after.verdict,
        since=before.ended.isoformat(), figures=figures,
    )  # fmt: skip


def _asked(one: Evidence) -> tuple[str, str, dict[str, str]]:
    """What was demanded, and of which bytes."""
    return one.gate_digest, one.profile_digest, dict(one.subjects)


def _figure(evidence: Evidence, quantity: str) -> tuple[float, str] | None:
    """A number with its unit; None where none was measured."""
    found = evidence.measurement.quantities.get(quantity) if evidence.measurement else None
    value = number(found.value) if found else None
    return (value, found.unit) if found and value is not None else None
