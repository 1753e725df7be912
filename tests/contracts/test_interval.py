"""Intervals against published tables, exact sums over whole outcomes, and each other."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.contracts.expectation import Expectation
from specship.contracts.interval import beta_below, normal_interval, share_interval
from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.units import Quantity


@pytest.mark.parametrize(
    ("right", "samples", "confidence", "low", "high"),
    [
        # Brown, Cai and DasGupta (2001), and R's binom.test.
        (0, 10, 0.95, 0.0, 0.3084971),
        (1, 10, 0.95, 0.0025286, 0.4450161),
        (10, 10, 0.95, 0.6915029, 1.0),
        (95, 100, 0.95, 0.8871650, 0.9835681),
        (7, 20, 0.95, 0.1539092, 0.5921885),
    ],
)
def test_an_exact_interval_is_that_of_the_tables(
    right: int, samples: int, confidence: float, low: float, high: float
) -> None:
    found = share_interval(right / samples, samples, confidence)
    assert found == pytest.approx((low, high), abs=1e-6)


def test_a_normal_interval_is_that_of_the_tables() -> None:
    assert normal_interval(0.32, 0.01, 0.95) == pytest.approx((0.32 - 0.0195996, 0.32 + 0.0195996), abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 60), data=st.data(), chance=st.fractions(Fraction(1, 50), Fraction(49, 50)))
def test_the_beta_function_is_the_sum_over_all_outcomes(
    samples: int, data: st.DataObject, chance: Fraction
) -> None:
    right = data.draw(st.integers(1, samples))
    exact = sum(
        math.comb(samples, k) * chance**k * (1 - chance) ** (samples - k) for k in range(right, samples + 1)
    )
    assert beta_below(float(chance), right, samples - right + 1) == pytest.approx(float(exact), rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(samples=st.integers(1, 5000), data=st.data(), confidence=st.floats(0.6, 0.999))
def test_an_interval_holds_its_share_and_grows_with_the_confidence(
    samples: int, data: st.DataObject, confidence: float
) -> None:
    right = data.draw(st.integers(0, samples))
    found = share_interval(right / samples, samples, confidence)
    assert found is not None
    assert 0 <= found[0] <= right / samples <= found[1] <= 1
    wider = share_interval(right / samples, samples, (1 + confidence) / 2)
    assert wider is not None
    assert wider[0] <= found[0]
    assert found[1] <= wider[1]


@pytest.mark.parametrize(("share", "samples"), [(0.35, 10), (0.5, 0), (1.2, 5), (-0.1, 5)])
def test_what_is_no_share_has_no_exact_interval(share: float, samples: int) -> None:
    assert share_interval(share, samples, 0.95) is None


@pytest.mark.parametrize("error", [0.0, -0.1, math.nan, math.inf])
def test_samples_that_all_came_out_alike_show_no_certainty(error: float) -> None:
    assert normal_interval(1.0, error, 0.95) is None


LIMIT = Expectation(at_least=0.3, unit="fraction", confidence=0.95, count="samples")


def _measured(value: float, samples: int) -> Measurement:
    return Measurement(
        {"value": Quantity(value, "fraction"), "samples": Quantity(samples, "samples")}, "samples"
    )


def test_a_score_above_its_limit_by_chance_is_not_shown() -> None:
    shown = judge({"value": LIMIT}, _measured(0.4, 400))
    by_chance = judge({"value": LIMIT}, _measured(0.4, 20))
    assert shown.verdict == Verdict.PASS
    assert by_chance.verdict == Verdict.FAIL
    assert "0.4 fraction (0.191 … 0.639 at 95 %), limit ≥ 0.3 fraction at 95 %" in by_chance.reason
    assert "not shown" in by_chance.reason


def test_without_what_its_interval_is_known_by_nothing_holds() -> None:
    measured = {"value": Quantity(0.9, "fraction")}
    assert not LIMIT.met("value", measured)
    assert not LIMIT.met("value", measured | {"samples": Quantity(None, "samples")})
    assert not LIMIT.met("value", measured | {"samples": Quantity(100, "fraction")})
    by_error = Expectation(at_least=0.3, unit="fraction", confidence=0.95, error="standard_error")
    assert by_error.met("value", measured | {"standard_error": Quantity(0.05, "fraction")})
    assert not by_error.met("value", measured | {"standard_error": Quantity(0.0, "fraction")})
    assert not by_error.met("value", measured | {"standard_error": Quantity(0.05, "ratio")})


def test_a_broken_limit_was_measured_with_its_interval() -> None:
    low = Quantity(0.1, "fraction")
    assert LIMIT.broken_by(low, Quantity(10, "samples"))
    assert not LIMIT.broken_by(low)


def test_a_figure_whose_interval_was_never_recorded_is_unbound() -> None:
    quantities = {
        "value": Quantity(0.9, "fraction"),
        "samples": Quantity(None, "samples"),
        "n": Quantity(4, "items"),
    }
    ruling = judge({"value": LIMIT}, Measurement(quantities, "n", lacking={"samples": "nobody counted"}))
    assert (ruling.verdict, ruling.reason) == (Verdict.UNBOUND, "nobody counted")
