"""Limits beside brute force: weakened if and only if something passes now that failed before."""

from itertools import product
from math import log
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from specship.contracts.expectation import Expectation
from specship.review.limits import compare, samples
from specship.review.records import Direction
from specship.units import Quantity, Value

VALUES: tuple[Value, ...] = (
    *(n / 8 for n in range(-17, 50)), -98.5, 98.5, *range(-2, 7), True, False, "", "cpu", "cuda: H100", "cuda: H200", "cuda", "x1", None, float("nan"),
)  # fmt: skip
UNITS = ("nats/token", "fraction", "tokens", "text")
NUMBERS = st.integers(-2, 6) | st.sampled_from([n / 4 for n in range(-8, 25)])
SCALARS = NUMBERS | st.booleans() | st.sampled_from(["cpu", "cuda: H100", "cuda: H200", ""])
PATTERNS = st.sampled_from(
    ["cuda.*", "cuda: H[0-9]+", "cuda: H100", "c(pu|uda.*)", ".+", "[a-z]+[0-9]?", "(cpu)?"]
)


@st.composite
def expectations(draw: st.DrawFn, *, patterns: bool = True) -> Expectation:
    """Any expectation that a contract may state."""
    while True:
        operator = draw(
            st.sampled_from(
                ["at_most", "at_least", "below", "above", "between", "equals", "one_of"]
                + ["matches"] * patterns
            )
        )
        limit: Any
        match operator:
            case "between":
                limit = tuple(sorted((draw(NUMBERS), draw(NUMBERS))))
            case "equals":
                limit = draw(SCALARS)
            case "one_of":
                limit = tuple(draw(st.lists(SCALARS, min_size=1, max_size=3)))
            case "matches":
                limit = draw(PATTERNS)
            case _:
                limit = draw(NUMBERS)
        try:
            return Expectation.model_validate({operator: limit, "unit": draw(st.sampled_from(UNITS))})
        except ValidationError:
            continue  # a limit that nothing, or everything, could meet


def passes(expectation: Expectation, value: Value) -> bool:
    return expectation.holds(Quantity(value, expectation.unit))


def possible(expectation: Expectation) -> list[Value]:
    """Values that the unit can carry."""
    low, high = {"fraction": (0, 1), "tokens": (0, 99)}.get(expectation.unit, (-99, 99))
    return [v for v in VALUES if isinstance(v, bool | str) or v is None or v != v or low <= v <= high]  # noqa: PLR0124


@given(expectations(patterns=False), expectations(patterns=False))
def test_a_limit_is_weakened_exactly_where_something_passes_now_that_failed(
    before: Expectation, after: Expectation
) -> None:
    after = after.model_copy(update={"unit": before.unit})
    loosens = any(passes(after, v) and not passes(before, v) for v in possible(before))
    tightens = any(passes(before, v) and not passes(after, v) for v in possible(before))
    found = compare(before, after)

    assert (found.loosens, found.tightens) == (loosens, tightens)
    assert (found.direction == Direction.WEAKENED) == loosens
    assert compare(after, before) == (tightens, loosens)


@given(st.sampled_from(["at_most", "at_least", "below", "above"]), NUMBERS, NUMBERS, st.sampled_from(["seconds", "minutes", "hours", "milliseconds"]),
       st.sampled_from(["seconds", "minutes", "hours", "milliseconds"]))  # fmt: skip
def test_a_converted_limit_is_held_against_the_other_one_in_seconds(
    operator: str, one: float, other: float, unit: str, another: str
) -> None:
    """By brute force: the moments around both limits, in seconds."""
    seconds = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600}
    try:
        before, after = (
            Expectation.model_validate({operator: limit, "unit": its})
            for limit, its in ((one, unit), (other, another))
        )
    except ValidationError:
        return  # a limit that nothing, or everything, could meet
    at = [limit * seconds[its] for limit, its in ((one, unit), (other, another))]
    around = [sum(at) / 2, *(end + step for end in at for step in (-1e-7, 1e-7))] if at[0] != at[1] else []
    moments = [moment for moment in (0.0, 1e9, *around) if moment >= 0]
    held = [(before.holds(Quantity(m / seconds[unit], unit)), after.holds(Quantity(m / seconds[another], another))) for m in moments]  # fmt: skip
    found = compare(before, after)

    assert bool(found.loosens) == any(now and not then for then, now in held)
    assert bool(found.tightens) == any(then and not now for then, now in held)


@given(expectations(), expectations())
def test_nothing_that_passes_now_and_failed_before_is_ever_called_strengthened(
    before: Expectation, after: Expectation
) -> None:
    found = compare(before, after)
    if before.unit != after.unit:
        assert found.direction == Direction.INCOMPARABLE
    elif any(passes(after, v) and not passes(before, v) for v in possible(before)):
        assert found.direction in {Direction.WEAKENED, Direction.INCOMPARABLE}


def matching(pattern: str) -> Expectation:
    return Expectation(matches=pattern, unit="text")


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (Expectation(equals="cuda: H100", unit="text"), matching("cuda.*"), Direction.WEAKENED),
        (matching("cuda.*"), Expectation(equals="cuda: H100", unit="text"), Direction.STRENGTHENED),
        (matching("cuda: H[0-9]00"), matching("cuda.*"), Direction.WEAKENED),
        (matching("cuda.*"), matching("cuda: H[0-9]00"), Direction.INCOMPARABLE),  # nobody can prove it
        (matching("cuda.*"), matching("cuda.*"), Direction.NEUTRAL),
        (matching("cuda.*"), None, Direction.WEAKENED),
        (None, matching("cuda.*"), Direction.STRENGTHENED),
        (Expectation(at_most=2, unit="days"), Expectation(at_most=3600, unit="seconds"), Direction.STRENGTHENED),
        (Expectation(at_most=3600, unit="seconds"), Expectation(at_most=2, unit="days"), Direction.WEAKENED),
        (Expectation(at_most=2, unit="days"), Expectation(at_most=172800, unit="seconds"), Direction.NEUTRAL),
        (Expectation(at_most=172800, unit="seconds"), Expectation(at_most=2, unit="days"), Direction.NEUTRAL),
        (Expectation(below=0.1, unit="seconds"), Expectation(below=100, unit="milliseconds"), Direction.NEUTRAL),
        (Expectation(below=0.1, unit="seconds"), Expectation(below=100.001, unit="milliseconds"), Direction.WEAKENED),
        (Expectation(below=0.1, unit="seconds"), Expectation(at_most=100, unit="milliseconds"), Direction.WEAKENED),
        (Expectation(at_most=100, unit="milliseconds"), Expectation(below=0.1, unit="seconds"), Direction.STRENGTHENED),
        (Expectation(between=(0.5, 2), unit="hours"), Expectation(between=(30, 120), unit="minutes"), Direction.NEUTRAL),
        (Expectation(at_least=3, unit="gibibytes"), Expectation(at_least=3, unit="gigabytes"), Direction.WEAKENED),
        (Expectation(at_most=2.2, unit="nats/token"), Expectation(at_most=2.2, unit="bits/token"), Direction.STRENGTHENED),
        (Expectation(at_most=2.2, unit="bits/token"), Expectation(at_most=2.2, unit="nats/token"), Direction.WEAKENED),
        (Expectation(at_most=2.2, unit="nats/token"), Expectation(at_most=2.2 / log(2), unit="bits/token"), Direction.NEUTRAL),
        (Expectation(at_most=2.2, unit="nats/token"), Expectation(at_most=3.174, unit="bits/token"), Direction.WEAKENED),
        (Expectation(equals=3, unit="minutes"), Expectation(one_of=(180, 3600), unit="seconds"), Direction.WEAKENED),
        (Expectation(at_most=2.2, unit="nats/token"), Expectation(at_most=2.2, unit="bits/byte"), Direction.INCOMPARABLE),
        (Expectation(at_least=0.5, unit="fraction"), Expectation(between=(0.5, 7), unit="fraction"), Direction.NEUTRAL),
        (Expectation(equals=True, unit="text"), Expectation(one_of=(True, 1), unit="text"), Direction.WEAKENED),
    ],
)  # fmt: skip
def test_limits_that_are_no_plain_numbers(
    before: Expectation | None, after: Expectation | None, direction: Direction
) -> None:
    assert compare(before, after).direction == direction


@pytest.mark.parametrize(
    "pattern", ["a|b", "(x[0-9]{2,5}y?)+", "[^a]b", r"\w+\s\d", "(?=a).*", "(a+)+b", r"a\.b", "(?i)ab"]
)
def test_samples_match_their_pattern(pattern: str) -> None:
    assert samples(pattern) or pattern == "(?=a).*"


def test_every_pair_of_operators_is_told_apart() -> None:
    """A table by hand: the numbers 0 to 4 against each other, with every operator that has an end."""
    for one, other in product(range(5), repeat=2):
        looser = compare(
            Expectation(at_most=one, unit="nats"), Expectation(at_most=other, unit="nats")
        ).direction
        assert looser == (
            Direction.WEAKENED
            if other > one
            else Direction.STRENGTHENED
            if other < one
            else Direction.NEUTRAL
        )
