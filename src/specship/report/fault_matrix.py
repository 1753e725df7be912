"""The matrix of faults and gates for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.report.formatting import limits_line
from specship.suite.falsify.arming import Armed
from specship.suite.falsify.matrix import FaultRow, Matrix
from specship.suite.falsify.records import Catch, PairReport

_SIGNS: Final = {Catch.CAUGHT: "caught", Catch.MISSED: "MISSED", Catch.NOT_RUN: "not run"}


def summary(pairs: Iterable[Mapping[str, Any]]) -> str:
    """How many pairs of a session were caught, and which were not, and why."""
    found = list(pairs)
    counts = Counter(str(pair["catch"]) for pair in found)
    lines = [
        f"{pair['catch']:12} {pair['gate']}  {pair['fault']}\n             {pair['reason']}"
        for pair in found
        if pair["catch"] != Catch.CAUGHT
    ]
    faults, gates = {pair["fault"] for pair in found}, {pair["gate"] for pair in found}
    lines.append(
        f"{counts[Catch.CAUGHT]} of {len(found)} pairs caught as predicted: "
        f"{len(faults)} faults, {len(gates)} gates"
    )
    return "\n".join(lines) + "\n"


def render(matrix: Matrix, *, colour: bool = False) -> str:
    """Fault by fault, which gate caught it in which quantity; then gates that are not armed."""
    return "\n".join(_lines(matrix, bold=("\033[1m", "\033[0m") if colour else ("", ""))) + "\n"


def _lines(matrix: Matrix, bold: tuple[str, str]) -> Iterator[str]:
    by_fault: dict[str, list[PairReport]] = {}
    for pair in matrix.pairs:
        by_fault.setdefault(pair.fault, []).append(pair)
    named = [row for row in matrix.faults if row.fault in by_fault]
    for row in sorted(named, key=lambda row: (row.stage, row.fault)):
        yield f"{bold[0]}{row.fault}{bold[1]}  {_about(row)}\n  {row.sentence}"
        for pair in by_fault[row.fault]:
            yield f"  {_SIGNS.get(pair.catch, pair.catch.value):12} {pair.gate:22} {_said(pair)}"
    yield from _alone(matrix, by_fault.keys())
    yield from _alarms(matrix)
    counts = Counter(pair.catch for pair in matrix.pairs)
    beyond = sum(gate.blocked for gate in matrix.gates)
    planted = {row.fault for row in named if row.way != "described"}
    armed = sum(gate.armed for gate in matrix.gates)
    yield (
        f"{counts[Catch.CAUGHT]} of {len(matrix.pairs)} pairs caught at profile {matrix.profile}, "
        f"{len(planted)} faults planted, {armed} of {len(matrix.gates)} gates armed"
        + (f" ({beyond} cannot be measured here)" if beyond else "")
    )
    yield limits_line([limit for gate in matrix.gates for limit in gate.limits])


def _alarms(matrix: Matrix) -> Iterator[str]:
    found = matrix.false_alarms
    if found is None:
        return
    for alarm in found.alarms:
        yield f"false alarm: {alarm.gate} {alarm.verdict} on the healthy {alarm.variant}: {alarm.reason}"
    later = f", {found.missing} verdicts are to come" if found.missing else ""
    yield (
        f"{len(found.alarms)} false alarms in {found.judged} verdicts "
        f"on {found.variants} healthy variants{later}"
    )


def _about(row: FaultRow) -> str:
    facts = [row.row, f"{row.way} of {row.stage}" if row.stage else row.way]
    return f"({', '.join(fact for fact in facts if fact)})"


def _said(pair: PairReport) -> str:
    if pair.catch != Catch.CAUGHT:
        return pair.reason
    failing = {entry.quantity: entry for entry in pair.measured}
    return "; ".join(
        f"{name} {failing[name].value} (limit {failing[name].limit})"
        for name in pair.predicted
        if name in failing
    )


def _alone(matrix: Matrix, named: Iterable[str]) -> Iterator[str]:
    """What stands alone: faults without gates, gates without faults, and what is damaged."""
    known = set(named)
    lonely = [row for row in matrix.faults if row.fault not in known]
    if waiting := [row for row in lonely if row.gates]:
        yield "\nfaults of gates that nobody measures yet"
        for row in waiting:
            named_by = ", ".join(row.gates)
            yield f"  {row.fault:34} {named_by}" + (f": {row.described}" if row.described else "")
    if unnamed := len(lonely) - len(waiting):
        yield f"\n{unnamed} more faults are named by no gate; specship explain faults lists them"
    if decoration := [gate for gate in matrix.gates if gate.decoration]:
        yield "\ndecoration: gates that were not seen to catch anything"
        yield from (f"  {gate.gate:22} {gate.unarmed}" for gate in decoration)
    if unarmed := [gate for gate in matrix.gates if not gate.armed and not gate.decoration]:
        yield "\nnot armed"
        yield from (f"  {gate.gate:22} {gate.unarmed}" for gate in unarmed)
    yield from (f"\n{problem}" for problem in matrix.problems)
    yield ""


def armed(done: Armed, root: Path) -> str:
    """What arming wrote, and what it could not."""
    lines = [f"wrote {path.relative_to(root)}" for path in done.written]
    lines += [f"not armed: {gate}: {reason}" for gate, reason in done.refused.items()]
    lines.append(
        f"{len(done.written)} records written, {len(done.kept)} still hold, {len(done.refused)} refused"
    )
    return "\n".join(lines) + "\n"
