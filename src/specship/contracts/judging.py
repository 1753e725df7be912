"""Judging: a measurement against expectations.  Pure: no files, no clock, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from specship.contracts.expectation import Expectation, shown_interval
from specship.contracts.interval import Interval
from specship.contracts.measurement import Measurement
from specship.units import Quantity, unit_named


class Verdict(StrEnum):
    """The answer of a gate.  Only PASS counts.

    Source: `docs/glossary.md`.
    """

    PASS = "PASS"
    """Every expectation holds, and more than nothing was checked."""
    FAIL = "FAIL"
    """Measured, and an expectation does not hold."""
    ERROR = "ERROR"
    """We could not measure."""
    BLOCKED = "BLOCKED"
    """A requirement, such as CUDA or an upstream stage, is missing."""
    UNBOUND = "UNBOUND"
    """Prose only: the gate names no probe yet; or what it measures was never recorded."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One quantity against its limit."""

    quantity: str
    measured: Quantity | None
    expectation: Expectation
    holds: bool
    beside: Quantity | None = None
    """What its interval is known by, where the limit has a confidence and it was measured."""

    @property
    def interval(self) -> Interval | None:
        """Between what the figure lies at the limit's confidence."""
        return self.expectation.interval(self.measured, self.beside)

    def __str__(self) -> str:
        shown = str(self.measured) if self.measured is not None else "not measured"
        sign = "" if self.holds else "  ← does not hold"
        if self.expectation.confidence is not None:
            interval = self.interval
            shown += (
                f" ({shown_interval(interval, self.expectation.confidence)})"
                if interval
                else " (no interval)"
            )
            sign = "" if self.holds else "  ← not shown"
        return f"{self.quantity} = {shown}, limit {self.expectation.limit_text}{sign}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on a measurement with its parts."""

    verdict: Verdict
    judgements: tuple[Judgement, ...]
    checked: str
    """How much was checked, in words: `131 072 tokens`."""
    reason: str


def judge(expectations: Mapping[str, Expectation], measurement: Measurement) -> Ruling:
    """PASS when all expectations hold and the denominator is above zero, else FAIL.

    Zero checked is never a pass: a comparison of nothing with nothing proves nothing. A quantity that the
    records do not hold makes it UNBOUND, unless another one was measured and does not hold.
    """
    lacking = dict(measurement.lacking)
    for name, expectation in expectations.items():
        if why := lacking.get(expectation.beside):  # without it there is no interval to judge
            lacking.setdefault(name, why)
    judgements = tuple(
        Judgement(
            name,
            measurement.quantities.get(name),
            expectation,
            expectation.met(name, measurement.quantities),
            measurement.quantities.get(expectation.beside),
        )
        for name, expectation in expectations.items()
        if name not in lacking
    )
    denominator = measurement.quantities.get(measurement.checked)
    count = denominator.value if denominator is not None and denominator.measured else None
    unit = unit_named(denominator.unit) if denominator is not None else None
    enough = (
        isinstance(count, int | float)
        and not isinstance(count, bool)
        and count > 0
        and unit is not None
        and unit.counts
    )
    if not expectations:
        return Ruling(Verdict.FAIL, (), "nothing", "the gate expects nothing")
    unrecorded = [name for name in (*expectations, measurement.checked) if name in lacking]
    if not enough and measurement.checked not in unrecorded:
        return Ruling(Verdict.FAIL, judgements, "nothing", f"nothing was checked ({measurement.checked})")
    checked = str(denominator) if enough else "nothing"
    if failing := [str(judgement) for judgement in judgements if not judgement.holds]:
        return Ruling(Verdict.FAIL, judgements, checked, "; ".join(failing))
    if unrecorded:
        reasons = dict.fromkeys(lacking[name] for name in unrecorded)
        return Ruling(Verdict.UNBOUND, judgements, checked, "\n".join(reasons))
    return Ruling(Verdict.PASS, judgements, checked, "every expectation holds")
