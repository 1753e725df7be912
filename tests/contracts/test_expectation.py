"""Expectations are falsified too: every limit of every contract at every profile, at its edges and beyond."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.specs.project import load_project
from specship.suite.plan.plan import Check, make_plan
from specship.units import KNOWN_UNITS, Quantity
from tests.places import ROOT

NUMERIC = {"at_most", "at_least", "below", "above", "between"}


class Case(NamedTuple):
    profile: str
    check: Check
    quantity: str

    @property
    def limit(self) -> Expectation:
        return self.check.gate.expect[self.quantity]


def cases() -> Iterator[Case]:
    project = load_project(ROOT)
    for profile in project.spec.profiles:
        for check in make_plan(project, profile).checks:
            for quantity in check.gate.expect:
                yield Case(profile, check, quantity)


CASES = list(cases())
NUMBERS = [case for case in CASES if case.limit.operator in NUMERIC]


def name(case: Case) -> str:
    return f"{case.profile}-{case.check.gate.id}-{case.quantity}"


def holding(limit: Expectation) -> Any:
    """A value that meets a limit: its edge, or as near to it as the operator allows."""
    match limit.operator:
        case "at_most" | "at_least" | "equals":
            return limit.limit
        case "below":
            return math.nextafter(limit.limit, -math.inf)
        case "above":
            return math.nextafter(limit.limit, math.inf)
        case "between" | "one_of":
            return limit.limit[0]
    return next(text for text in ("MIT", "cuda", "cuda:0", "none") if limit.holds(Quantity(text, limit.unit)))


def measured(case: Case, value: Any, unit: str | None = None) -> Measurement:
    """A measurement that passes, with one quantity replaced."""
    probe = case.check.probe
    assert probe is not None
    found = {probe.checked: Quantity(1, probe.units[probe.checked])}
    found |= {q: Quantity(holding(limit), limit.unit) for q, limit in case.check.gate.expect.items()}
    return Measurement({**found, case.quantity: Quantity(value, unit or case.limit.unit)}, probe.checked)


def verdict(case: Case, value: Any, unit: str | None = None) -> Verdict:
    return judge(case.check.gate.expect, measured(case, value, unit)).verdict


def edges(limit: Expectation) -> list[tuple[float, bool]]:
    """Limits, and one unit in the last place to each side of them, with whether each holds."""
    at = limit.limit
    if limit.operator == "between":
        low, high = float(at[0]), float(at[1])
        inside = math.nextafter(low, high) <= high
        return [
            (math.nextafter(low, -math.inf), False), (low, True), (math.nextafter(low, math.inf), inside),
            (math.nextafter(high, -math.inf), inside), (high, True), (math.nextafter(high, math.inf), False),
        ]  # fmt: skip
    under, over = math.nextafter(at, -math.inf), math.nextafter(at, math.inf)
    holds = {
        "at_most": (True, True, False), "below": (True, False, False),
        "at_least": (False, True, True), "above": (False, False, True),
    }[limit.operator]  # fmt: skip
    return list(zip((under, float(at), over), holds, strict=True))


def is_denominator(case: Case) -> bool:
    return case.check.probe is not None and case.check.probe.checked == case.quantity


@pytest.mark.parametrize("case", NUMBERS, ids=name)
def test_a_limit_and_one_ulp_to_each_side(case: Case) -> None:
    for value, holds in edges(case.limit):
        if not (is_denominator(case) and value <= 0):
            assert verdict(case, value) == (Verdict.PASS if holds else Verdict.FAIL), value


@pytest.mark.parametrize("case", CASES, ids=name)
def test_what_is_no_measurement_fails(case: Case) -> None:
    """NaN, infinities, None, another unit, another type, and nothing checked."""
    assert verdict(case, holding(case.limit)) == Verdict.PASS
    for value in (math.nan, math.inf, -math.inf, None, "\0"):
        assert verdict(case, value) == Verdict.FAIL, value
    for unit in KNOWN_UNITS:
        if unit != case.limit.unit:
            assert verdict(case, holding(case.limit), unit) == Verdict.FAIL, unit
    if case.limit.operator in NUMERIC:
        for value in (True, False, str(holding(case.limit))):
            assert verdict(case, value) == Verdict.FAIL, value


@pytest.mark.parametrize("case", CASES, ids=name)
def test_a_quantity_that_is_missing_or_of_nothing_fails(case: Case) -> None:
    whole = measured(case, holding(case.limit))
    rest = {q: value for q, value in whole.quantities.items() if q != case.quantity}
    unit = whole.quantities[whole.checked].unit

    assert judge(case.check.gate.expect, Measurement(rest, whole.checked)).verdict == Verdict.FAIL
    for nothing in (0, -1, None, math.nan):
        empty = {**whole.quantities, whole.checked: Quantity(nothing, unit)}
        assert judge(case.check.gate.expect, Measurement(empty, whole.checked)).verdict == Verdict.FAIL


@settings(deadline=None, max_examples=400)
@given(
    case=st.sampled_from(NUMBERS),
    value=st.floats(allow_nan=False, allow_infinity=False),
    step=st.floats(0, 1e9),
)
def test_a_better_measurement_never_turns_pass_into_fail(case: Case, value: float, step: float) -> None:
    """Better is what lies further on the side that the limit leaves open; inside an interval, towards its middle."""
    limit = case.limit
    if is_denominator(case):
        value = abs(value) + 1
    before = verdict(case, value)
    if limit.operator == "between":
        low, high = limit.limit
        better = min(max(value, low), high)
    else:
        better = value - step if limit.operator in {"at_most", "below"} else value + step
    if is_denominator(case) and better <= 0:
        return
    after = verdict(case, better)

    assert not (before == Verdict.PASS and after == Verdict.FAIL)


@settings(deadline=None, max_examples=400)
@given(case=st.sampled_from(NUMBERS), value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_verdict_is_what_arithmetic_says(case: Case, value: float) -> None:
    """Judged beside the product by plain comparisons."""
    at, operator = case.limit.limit, case.limit.operator
    expected = {
        "at_most": lambda: value <= at, "below": lambda: value < at, "at_least": lambda: value >= at,
        "above": lambda: value > at, "between": lambda: at[0] <= value <= at[1],
    }[operator]()  # fmt: skip
    if not (is_denominator(case) and value <= 0):
        assert (verdict(case, value) == Verdict.PASS) == expected
