"""Figures taken again and again: what a limit would do to the next one, against tables of others."""

import math
from statistics import NormalDist
from typing import Any

import pytest

from specship.contracts.expectation import Expectation
from specship.contracts.repeating import Repeated, at_most_so_often, beyond
from specship.units import Quantity, Value


def limit(**given: Any) -> Expectation:
    return Expectation.model_validate({"unit": "nats/token"} | given)


def repeated(*values: Value, unit: str = "nats/token") -> Repeated:
    return Repeated(tuple(Quantity(value, unit) for value in values))


@pytest.mark.parametrize(
    ("t", "degrees", "tail"),
    [(6.314, 1, 0.05), (2.920, 2, 0.05), (3.365, 5, 0.01), (2.528, 20, 0.01), (3.307, 40, 0.001)],
)
def test_the_tail_is_that_of_the_tables(t: float, degrees: int, tail: float) -> None:
    """Upper critical values of Student's t: NIST/SEMATECH e-Handbook, 1.3.6.7.2."""
    figures = degrees + 1
    deviations = t * math.sqrt(1 + 1 / figures)

    assert beyond(deviations, figures) == pytest.approx(tail, rel=2e-3)
    assert beyond(-deviations, figures) == pytest.approx(1 - tail, rel=2e-3)


@pytest.mark.parametrize(
    ("changed", "times", "bound"),
    [(0, 40, 0.0722), (0, 2995, 0.001), (1, 20, 0.2161), (20, 20, 1.0), (0, 0, 1.0)],
)
def test_the_bound_is_exact(changed: int, times: int, bound: float) -> None:
    assert at_most_so_often(changed, times) == pytest.approx(bound, rel=1e-3)


def test_a_near_limit_is_missed_often_and_a_far_one_never() -> None:
    figures = repeated(2.00, 2.02, 1.98, 2.01, 1.99)
    near, far = figures.flips(limit(at_most=2.03)), figures.flips(limit(at_most=2.5))

    assert figures.mean == pytest.approx(2.0)
    assert figures.deviation == pytest.approx(math.sqrt(0.00025))
    assert near.often
    assert near.distance == pytest.approx(0.03 / math.sqrt(0.00025))
    assert near.rate == pytest.approx(beyond(0.03 / math.sqrt(0.00025), 5))
    assert not far.often
    assert figures.missed(limit(at_most=2.005)) == 2


def test_what_varies_by_factors_is_never_zero_by_chance() -> None:
    figures = repeated(1047.0, 1746.0, 9100.0, 350.0, unit="tokens/s")
    above_zero = figures.flips(limit(above=0, unit="tokens/s"))

    assert (above_zero.rate, above_zero.often) == (0.0, False)
    assert figures.flips(limit(above=340, unit="tokens/s")).often
    assert repeated(0.0, 1746.0, 9100.0, unit="tokens/s").flips(limit(above=0, unit="tokens/s")).often


def test_what_settings_alone_decide_has_no_noise() -> None:
    values = tuple(Quantity(value, "ratio") for value in (0.1, 0.01, 0.1, 0.01))
    names = ("a", "b", "a-again-1", "b-again-1")
    near = limit(at_most=0.11, unit="ratio")
    other_seeds = Repeated((*values[:3], Quantity(0.02, "ratio")), variants=names)

    assert Repeated(values, variants=names).flips(near).says == "exact: settings alone decide it"
    assert Repeated(values, variants=names).deviation == 0
    assert other_seeds.flips(near).often
    assert Repeated(values[:2], variants=names[:2]).flips(near).often  # never run again: nobody knows


def test_sizes_without_their_sign_are_half_of_a_bell() -> None:
    """Quantiles of a normal distribution, sizes alone: under 0.001 lie 0.08 % of them, of a bell a tenth."""
    bell = NormalDist(0, 1)
    sizes = [abs(bell.inv_cdf((place + 0.5) / 401)) for place in range(401) if place != 200]
    few, many = repeated(*sizes[::40]), repeated(*sizes)
    near, far = many.flips(limit(at_least=0.001)), many.flips(limit(at_most=5.0))

    assert few.flips(limit(at_least=0.001)).says == "normal"
    assert (near.says, near.often, far.often) == ("half-normal", False, False)
    assert near.rate == pytest.approx(0.001 * math.sqrt(2 / math.pi), rel=0.02)
    assert many.flips(limit(at_most=2.0)).rate == pytest.approx(2 * bell.cdf(-2), rel=0.05)
    assert many.flips(limit(between=[0.001, 2.0])).rate == pytest.approx(2 * bell.cdf(-2) + 0.0008, rel=0.05)


def test_the_side_of_a_limit_counts() -> None:
    figures = repeated(2.00, 2.02, 1.98, 2.01, 1.99)
    above, below = figures.flips(limit(at_least=1.95)), figures.flips(limit(at_most=1.95))
    both = figures.flips(limit(between=[1.95, 2.05]))

    assert above.distance is not None
    assert above.rate is not None
    assert below.distance == pytest.approx(-above.distance)
    assert below.rate == pytest.approx(1 - above.rate)
    assert both.rate == pytest.approx(2 * above.rate)


@pytest.mark.parametrize(
    ("values", "given", "says"),
    [
        ((2.0, 2.0, 2.0), {"at_most": 2.0}, "exact"), ((0, 0), {"equals": 0}, "exact"),
        ((0, 1), {"equals": 0}, "no distribution"), ((1.0, None), {"at_most": 2.0}, "not every figure is a number"),
        ((), {"at_most": 2.0}, "exact"), ((True, False), {"at_most": 2.0}, "not every figure"),
        ((1.0, math.inf), {"at_most": 2.0}, "not every figure"), ((1.0, math.nan), {"at_most": 2.0}, "not every figure"),
    ],
)  # fmt: skip
def test_what_has_no_chance_says_why(values: tuple[Value, ...], given: dict[str, Any], says: str) -> None:
    found = repeated(*values).flips(limit(**given))

    assert found.rate is None
    assert says in found.says
    assert not found.often


def test_what_cannot_be_negative_varies_by_factors() -> None:
    """A ratio between 500 and 2 000 is far from 1, and a normal distribution would not know it."""
    figures = repeated(500.0, 1000.0, 2000.0, unit="ratio")
    found = figures.flips(limit(at_least=1.0, unit="ratio"))

    assert found.says == "log-normal"
    assert found.distance == pytest.approx(math.log(1000) / math.log(2))
    assert repeated(0.0, 1.0, unit="ratio").flips(limit(at_most=2.0, unit="ratio")).says == "normal"
    assert repeated(0.4, 0.6, unit="fraction").flips(limit(at_most=0.9, unit="fraction")).says == "normal"


def test_a_small_count_has_no_bell() -> None:
    small, large = repeated(1, 2, unit="calls"), repeated(20, 24, unit="calls")

    assert "a count of less than ten" in small.flips(limit(at_least=1, unit="calls")).says
    assert large.flips(limit(at_least=1, unit="calls")).says == "normal"


def test_with_a_confidence_the_ends_of_the_intervals_are_asked() -> None:
    values = tuple(Quantity(share, "fraction") for share in (0.50, 0.52, 0.48))
    besides = tuple(Quantity(100, "samples") for _ in values)
    alone = Expectation(at_least=0.45, unit="fraction")
    sure = Expectation(at_least=0.45, unit="fraction", confidence=0.95, count="samples")
    figures = Repeated(values, besides)

    assert not figures.missed(alone)
    assert figures.missed(sure) == 3
    assert (figures.flips(sure).rate or 0) > 0.5
    assert Repeated(values).flips(sure).rate is None
