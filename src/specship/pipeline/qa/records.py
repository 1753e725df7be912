"""What a gate says, and what all of them say together; plain values that a file can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Ruling, Verdict, judge
from specship.contracts.measurement import Measurement
from specship.pipeline.model.reading import OURS
from specship.units import Quantity, show

GateLimits = Mapping[str, Expectation]


def limit(unit: str, **operator: float | str) -> Expectation:
    """A limit as a contract would write it: `limit("tensors", equals=0)`."""
    return Expectation.model_validate({"unit": unit, **operator})


@dataclass(frozen=True, slots=True)
class GateFindings:
    """What a gate measured: quantities with units, places to look at first, and records of both sides."""

    measurement: Measurement
    records: Mapping[str, Any] = field(default_factory=dict)
    """Raw answers from which the figures can be derived again; empty where the model itself is enough."""


def findings(
    units: Mapping[str, str],
    figures: Mapping[str, Any],
    *,
    checked: str,
    notes: tuple[str, ...] = (),
    records: Mapping[str, Any] | None = None,
) -> GateFindings:
    """Findings from bare values and a table of their units."""
    quantities = {name: Quantity(value, units[name]) for name, value in figures.items()}
    return GateFindings(Measurement(quantities, checked, notes), records or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswer:
    """One gate's verdict with its figures."""

    number: int
    name: str
    verdict: Verdict
    executed: bool
    figures: tuple[dict[str, Any], ...] = ()
    """`name`, `value`, `unit`, `limit` (text, or None where a figure is only shown) and `holds`."""
    detail: str = ""
    notes: tuple[str, ...] = ()
    records: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The gate's part of the report, without raw records."""
        return {
            "number": self.number,
            "name": self.name,
            "verdict": self.verdict.value,
            "executed": self.executed,
            "figures": list(self.figures),
            "detail": self.detail,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }

    def as_text(self) -> str:
        """One line: number, name, verdict, figures with their limits."""
        shown = "; ".join(_figure_text(figure) for figure in self.figures)
        text = shown if self.executed else "not executed"
        if self.verdict is not Verdict.PASS and self.detail:
            text = f"{text}: {self.detail}" if text else self.detail
        return f"{self.number} {self.name:<13}{self.verdict.value:<6}{text}"


def judged(number: int, name: str, found: GateFindings, limits: GateLimits) -> GateAnswer:
    """The answer of a gate that was executed."""
    ruling = judge(limits, found.measurement)
    return GateAnswer(
        number=number,
        name=name,
        verdict=ruling.verdict,
        executed=True,
        figures=tuple(_figure(name, one, limits) for name, one in found.measurement.quantities.items()),
        detail=_detail(ruling, found.measurement),
        notes=found.measurement.notes,
        records=found.records,
    )


def _detail(ruling: Ruling, measurement: Measurement) -> str:
    if ruling.verdict is Verdict.PASS:
        return ""
    return measurement.notes[0] if measurement.notes else ruling.reason


def _figure(name: str, quantity: Quantity, limits: GateLimits) -> dict[str, Any]:
    expectation = limits.get(name)
    value = quantity.value
    # Numbers that JSON cannot carry become text.
    plain = value if quantity.measured or value is None else repr(value)
    return {
        "name": name,
        "value": plain,
        "unit": quantity.unit,
        "limit": None if expectation is None else expectation.limit_text,
        "holds": None if expectation is None else expectation.holds(quantity),
    }


def _figure_text(figure: Mapping[str, Any]) -> str:
    value = figure["value"] if isinstance(figure["value"], str) else show(figure["value"])
    unit = "" if figure["unit"] == "text" else f" {figure['unit']}"
    words = figure["name"].replace("_", " ")
    said = f"{words} {value}" if words == figure["unit"].replace("_", " ") else f"{words} {value}{unit}"
    if figure["limit"] is None:
        return said
    bare = figure["limit"].removesuffix(unit)
    return f"{said} ({bare})" if figure["holds"] else f"{said} (NOT {bare})"


@dataclass(frozen=True, slots=True, kw_only=True)
class QaReport:
    """All gates on one model."""

    model: str
    kind: str
    engine: str
    """What computed it: our own decoder, or a library and its version."""
    answers: tuple[GateAnswer, ...]

    @property
    def executed(self) -> int:
        """Gates that measured something."""
        return sum(answer.executed for answer in self.answers)

    @property
    def passed(self) -> int:
        """Gates that were executed and passed."""
        return sum(answer.executed and answer.verdict is Verdict.PASS for answer in self.answers)

    @property
    def sound(self) -> bool:
        """Whether every gate was executed and passed; a skipped gate is no pass."""
        return self.passed == self.executed == len(self.answers) > 0

    def as_json(self) -> dict[str, Any]:
        """The report as `specship qa --format json` prints it."""
        return {
            "model": self.model,
            "kind": self.kind,
            "engine": self.engine,
            "executed": self.executed,
            "passed": self.passed,
            "gates": [answer.as_json() for answer in self.answers],
        }

    def as_text(self) -> str:
        """A line for each gate, its other findings below it, and the count."""
        lines = []
        for answer in self.answers:
            lines.append(answer.as_text())
            notes = answer.notes if answer.executed else ()
            lines += [f"    {note}" for note in notes if note not in answer.detail]
        total = len(self.answers)
        by = "" if self.engine == OURS else f" (computed by {self.engine})"
        lines.append(f"{self.executed} of {total} gates executed, {self.passed} passed: {self.model}{by}")
        return "\n".join(lines)
