"""What text and page say alike: rows of names and two sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from specship.exhibits.histories import number
from specship.exhibits.side_by_side import GateBeside, SideBySide, gates_beside, models_beside
from specship.report.formatting import percent
from specship.status.exhibits import RunReport
from specship.status.report import GateReport, Measured, ModelReport
from specship.units import Quantity


class SideRow(NamedTuple):
    """One line of a table of two sides."""

    name: str
    one: str
    other: str
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the sides say different things."""
        return self.one != self.other


def percent_rows(found: SideBySide) -> list[SideRow]:
    """The ship-% of each model and profile."""
    return [
        SideRow(_name(one, other), _percent(one), _percent(other), _apart(one, other))
        for one, other in models_beside(found)
    ]


def _name(one: ModelReport | None, other: ModelReport | None) -> str:
    known = one or other
    return f"{known.model} {known.profile}" if known else ""


def _percent(model: ModelReport | None) -> str:
    return percent(model.ship_percent) if model else "not there"


def _apart(one: ModelReport | None, other: ModelReport | None) -> str:
    if not one or not other or one.ship_percent == other.ship_percent:
        return ""
    return f"{other.ship_percent - one.ship_percent:+.4g}"


def status_lines(one: ModelReport | None, other: ModelReport | None) -> list[str]:
    """Criteria whose status is another."""
    sides = [{c.id: c.status for c in model.criteria} if model else {} for model in (one, other)]
    return [
        f"{name}: {sides[0].get(name, 'not there')} → {sides[1].get(name, 'not there')}"
        for name in dict.fromkeys([*sides[0], *sides[1]])
        if sides[0].get(name) != sides[1].get(name)
    ]


def gate_rows(found: SideBySide) -> list[SideRow]:
    """Gates and figures that differ."""
    return [row for gate in gates_beside(found) if gate.differs for row in _gate(gate)]


def _gate(gate: GateBeside) -> Iterator[SideRow]:
    yield SideRow(f"{gate.gate} ({gate.model} {gate.profile})", _verdict(gate.one), _verdict(gate.other))
    for name, one, other in gate.figures():
        row = SideRow(f"  {name}", _figure(one), _figure(other), _moved(one, other))
        if row.differs:
            yield row


def _verdict(gate: GateReport | None) -> str:
    if gate is None:
        return "not there"
    stale = "" if gate.fresh or gate.verdict in {None, "UNBOUND", "BLOCKED"} else ", stale"
    return f"{gate.verdict or 'no evidence'}{stale}{'' if gate.armed else ', not armed'}"


def _figure(one: Measured | None) -> str:
    if one is None:
        return "nothing"
    shown = "not measured" if one.value is None else str(Quantity(one.value, one.unit))
    return f"{shown} ({one.limit})"


def _moved(one: Measured | None, other: Measured | None) -> str:
    values = [side.value if side else None for side in (one, other)]
    before, after = (number(value) for value in values)
    return f"{after - before:+.3g}" if before is not None and after is not None and before != after else ""


def run_rows(one: RunReport, other: RunReport) -> Iterator[SideRow]:
    """How two runs ended, and the last figure of each curve."""
    yield SideRow("state", one.status or "not on record", other.status or "not on record")
    yield SideRow("steps", str(one.steps), str(other.steps))
    yield SideRow(
        "events", *(", ".join(event.name for event in run.events) or "none" for run in (one, other))
    )
    ends = [{curve.name: (curve.points[-1][1], curve.unit) for curve in run.curves} for run in (one, other)]
    for name in dict.fromkeys([*ends[0], *ends[1]]):
        shown = [f"{side[name][0]:.5g} {side[name][1]}" if name in side else "nothing" for side in ends]
        both = name in ends[0] and name in ends[1]
        apart = f"{ends[1][name][0] - ends[0][name][0]:+.3g}" if both else ""
        yield SideRow(f"last {name}", shown[0], shown[1], apart)
    for side, run in (("a", one), ("b", other)):
        for note in run.notes:
            yield SideRow(f"note on {side}", *((note, "") if side == "a" else ("", note)))
