"""What a tracker can hold of a report: figures by name, and when the last of them was measured."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from specship.status.report import GateReport, ModelReport

_JUDGED: Final = {"PASS", "FAIL"}
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class JudgedFigure(NamedTuple):
    """A figure that evidence rests on."""

    gate: GateReport
    quantity: str
    value: float
    unit: str

    @property
    def name(self) -> str:
        """`GATE-TRAIN-003/bits_per_byte`."""
        return f"{self.gate.id}/{self.quantity}"


def figures(model: ModelReport) -> list[JudgedFigure]:
    """Numbers of each gate that fresh evidence passes or fails, once, in the order of the report."""
    gates = {gate.id: gate for criterion in model.criteria for gate in criterion.gates}
    return [
        JudgedFigure(gate, one.quantity, float(one.value), one.unit)
        for gate in gates.values()
        if gate.fresh and gate.verdict in _JUDGED
        for one in gate.measured
        if isinstance(one.value, int | float) and not isinstance(one.value, bool)
    ]


def scalars(model: ModelReport) -> dict[str, float]:
    """All figures of a model by name, its percentages first."""
    percentages = {"ship_percent": model.ship_percent, "ceiling_percent": model.ceiling_percent}
    return percentages | {one.name: one.value for one in figures(model)}


def seconds(model: ModelReport) -> float:
    """When the last of its figures was measured, in seconds since 1970; 0 where none was."""
    ended = [gate.ended for criterion in model.criteria for gate in criterion.gates if gate.ended]
    return max((datetime.fromisoformat(one).timestamp() for one in ended), default=0.0)


def run_name(model: ModelReport) -> str:
    """What the run is called, as a folder can be: `MODEL-1-release`."""
    return _NO_NAME.sub("-", f"{model.model}-{model.profile}")
