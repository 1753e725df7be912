"""Expectations: the limit, one step to each side, and everything that is no measurement."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.units import Quantity

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
NO_FIGURE = [None, math.nan, math.inf, -math.inf, "2.0", True]


def expect(**limit: object) -> Expectation:
    return Expectation.model_validate({"unit": "nats/token", **limit})


def holds(expectation: Expectation, value: Any, unit: str = "nats/token") -> bool:
    return expectation.holds(Quantity(value, unit))


@given(limit=finite)
def test_limits_to_the_last_place(limit: float) -> None:
    """At the limit and one representable number to each side."""
    lower, upper = math.nextafter(limit, -math.inf), math.nextafter(limit, math.inf)

    assert [holds(expect(at_most=limit), v) for v in (lower, limit)] == [math.isfinite(lower), True]
    assert not holds(expect(at_most=limit), upper)
    assert not holds(expect(at_least=limit), lower)
    assert holds(expect(at_least=limit), limit)
    assert not holds(expect(below=limit), limit)
    assert not holds(expect(above=limit), limit)
    assert holds(expect(below=limit), lower) == math.isfinite(lower)
    assert holds(expect(above=limit), upper) == math.isfinite(upper)
    assert holds(expect(between=(limit, limit)), limit)
    assert not holds(expect(between=(limit, limit)), upper)


@pytest.mark.parametrize("value", NO_FIGURE, ids=repr)
@pytest.mark.parametrize("operator", ["at_most", "at_least", "below", "above", "between"])
def test_what_is_no_figure_never_holds(operator: str, value: object) -> None:
    limit = (
        (-1e308, 1e308) if operator == "between" else 1e308 * (1 if operator in {"at_most", "below"} else -1)
    )

    assert not holds(expect(**{operator: limit}), value)


@given(value=finite, limit=finite, unit=st.sampled_from(["nats", "bits/byte", "tokens", "text"]))
def test_another_unit_never_holds(value: float, limit: float, unit: str) -> None:
    assert not holds(expect(at_most=limit), value, unit)
    assert not expect(at_most=limit).holds(None)


@given(limit=finite, first=finite, second=finite)
def test_a_better_figure_never_turns_pass_into_fail(limit: float, first: float, second: float) -> None:
    better, worse = min(first, second), max(first, second)

    assert holds(expect(at_most=limit), better) >= holds(expect(at_most=limit), worse)
    assert holds(expect(at_least=limit), worse) >= holds(expect(at_least=limit), better)


def test_equality_keeps_kinds_apart() -> None:
    """True is not 1, and '1' is not 1; 1.0 is."""
    text = {"unit": "text"}

    assert not Expectation.model_validate({"equals": True, **text}).holds(Quantity(1, "text"))
    assert not Expectation.model_validate({"equals": 1, **text}).holds(Quantity(True, "text"))
    assert not Expectation.model_validate({"equals": "1", **text}).holds(Quantity(1, "text"))
    assert Expectation.model_validate({"equals": 1, **text}).holds(Quantity(1.0, "text"))
    assert Expectation.model_validate({"one_of": ("cpu", "mps"), **text}).holds(Quantity("cpu", "text"))
    assert Expectation.model_validate({"matches": "cuda:[0-9]", **text}).holds(Quantity("cuda:0", "text"))
    assert not Expectation.model_validate({"matches": "cuda:[0-9]", **text}).holds(
        Quantity("my cuda:0", "text")
    )


@pytest.mark.parametrize(
    "limit",
    [
        {"at_least": 0, "unit": "tokens"},
        {"at_most": 1, "unit": "fraction"},
        {"at_least": 0, "unit": "fraction"},
        {"above": -1, "unit": "prompts"},
        {"between": (0, 1), "unit": "fraction"},
        {"between": (2, 1), "unit": "nats"},
        {"matches": ".*", "unit": "text"},
        {"one_of": (), "unit": "text"},
        {"at_most": math.nan, "unit": "nats"},
        {"at_most": math.inf, "unit": "nats"},
        {"at_most": 3, "unit": "text"},
        {"matches": "(", "unit": "text"},
    ],
    ids=str,
)
def test_an_expectation_that_cannot_fail_or_cannot_hold_is_refused(limit: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Expectation.model_validate(limit)


def measured(**values: tuple[Any, str]) -> Measurement:
    return Measurement({name: Quantity(value, unit) for name, (value, unit) in values.items()}, "prompts")


@pytest.mark.parametrize("count", [0, -1, None, math.nan, "16", True, 0.0])
def test_nothing_checked_is_never_a_pass(count: object) -> None:
    ruling = judge(
        {"loss": expect(at_most=2)}, measured(loss=(1.0, "nats/token"), prompts=(count, "prompts"))
    )

    assert ruling.verdict == Verdict.FAIL
    assert ruling.checked == "nothing"


def test_pass_says_how_much_was_checked() -> None:
    ruling = judge({"loss": expect(at_most=2)}, measured(loss=(1.0, "nats/token"), prompts=(16, "prompts")))

    assert (ruling.verdict, ruling.checked) == (Verdict.PASS, "16 prompts")


def test_a_quantity_that_is_missing_fails_and_says_so() -> None:
    ruling = judge({"loss": expect(at_most=2)}, measured(prompts=(16, "prompts")))

    assert ruling.verdict == Verdict.FAIL
    assert "loss = not measured" in ruling.reason


def test_expecting_nothing_is_never_a_pass() -> None:
    assert judge({}, measured(prompts=(16, "prompts"))).verdict == Verdict.FAIL
    assert judge({"loss": expect(at_most=2)}, measured(loss=(1.0, "nats/token"))).verdict == Verdict.FAIL


@given(st.dictionaries(st.sampled_from("abc"), finite | st.none(), min_size=1), finite)
def test_pass_means_that_each_expectation_holds(values: dict[str, float | None], limit: float) -> None:
    expectations = {name: expect(at_most=limit) for name in "abc"}
    figures = {name: (value, "nats/token") for name, value in values.items()}
    ruling = judge(expectations, measured(**figures, prompts=(1, "prompts")))
    met = all(values.get(name) is not None and values[name] <= limit for name in "abc")  # type: ignore[operator]

    assert (ruling.verdict == Verdict.PASS) == met


LIMITS = {"val_loss": expect(at_most=2), "noise": expect(at_most=1)}


def lacking(**values: float | None) -> Measurement:
    """Ten tokens, of which nobody recorded the noise."""
    quantities = {"val_tokens": Quantity(10, "tokens"), "noise": Quantity(None, "nats/token")}
    measured = {name: Quantity(value, "nats/token") for name, value in values.items()}
    return Measurement(quantities | measured, "val_tokens", lacking={"noise": "not recorded: noise"})


def test_what_was_never_recorded_is_no_failure_and_no_pass() -> None:
    ruling = judge(LIMITS, lacking(val_loss=1.5))

    assert (ruling.verdict, ruling.reason) == (Verdict.UNBOUND, "not recorded: noise")
    assert [one.quantity for one in ruling.judgements] == ["val_loss"]
    assert Measurement.from_json(lacking(val_loss=1.5).as_json()) == lacking(val_loss=1.5)


def test_a_limit_that_does_not_hold_outweighs_one_that_nobody_recorded() -> None:
    ruling = judge(LIMITS, lacking(val_loss=2.5))

    assert ruling.verdict == Verdict.FAIL
    assert "noise" not in ruling.reason


def test_a_quantity_that_no_limit_is_on_may_be_lacking() -> None:
    assert judge({"val_loss": expect(at_most=2)}, lacking(val_loss=1.5)).verdict == Verdict.PASS


def test_a_denominator_that_nobody_recorded_is_no_pass() -> None:
    measurement = Measurement(
        {"val_loss": Quantity(1.0, "nats/token")}, "val_tokens", lacking={"val_tokens": "?"}
    )

    assert judge({"val_loss": expect(at_most=2)}, measurement).verdict == Verdict.UNBOUND
