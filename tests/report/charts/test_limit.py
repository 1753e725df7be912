"""A value beside its limit: how near, on which side, and drawn so."""

from typing import Any

import pytest

from specship.report.charts.limit import drawn_limit, margin
from specship.report.charts.markup import markup
from specship.status.report import Measured


def measured(value: Any, least: float | None = None, most: float | None = None, **more: Any) -> Measured:
    holds = (
        isinstance(value, int | float)
        and (least is None or value >= least)
        and (most is None or value <= most)
    )
    facts = {"quantity": "loss", "unit": "nats/token", "limit": "a limit", "holds": holds}
    return Measured(value=value, least=least, most=most, **{**facts, **more})


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (measured(2.0, most=2.2), "0.2 nats/token inside (9.09 %)"),
        (measured(2.4, most=2.2), "0.2 nats/token outside (9.09 %)"),
        (measured(3.0, least=2.0, most=10.0), "1 nats/token inside (50 %)"),
        (measured(11.0, least=2.0, most=10.0), "1 nats/token outside (10 %)"),
        (measured(2.2, most=2.2), "on the limit"),
        (measured(0, least=0, most=0), "equal"),
        (measured(3, least=0, most=0), "3 nats/token off"),
        (measured(500.0, least=1.0), "499 nats/token inside"),
        (measured(0.5, most=0.0), "0.5 nats/token outside"),
        (measured("a", holds=True), "holds"),
        (measured("a", holds=False), "does not hold"),
        (measured(0.5, least=0.3, unit="fraction"), "0.2 inside (66.7 %)"),
    ],
)
def test_how_near_it_is(one: Measured, said: str) -> None:
    assert margin(one) == said


@pytest.mark.parametrize(
    "one",
    [
        measured(None, most=2.0), measured("text"), measured(True, most=2.0), measured(3, least=3, most=3),
        measured(float("inf"), most=2.0), measured(float("nan"), most=2.0), measured(1.0),
    ],
)  # fmt: skip
def test_what_is_no_place_on_a_range_is_not_drawn(one: Measured) -> None:
    assert drawn_limit(one) is None


@pytest.mark.parametrize("value", [-5.0, 0.0, 1.9, 2.0, 2.1, 1e9])
def test_a_value_that_holds_stands_on_the_good_side(value: float) -> None:
    drawing = drawn_limit(measured(value, most=2.0))
    assert drawing is not None
    good = next(one for one in drawing.iter("rect") if one.get("class") == "good")
    begin, end = float(good.get("x", 0)), float(good.get("x", 0)) + float(good.get("width", 0))
    if value <= 2.0:
        circle = next(drawing.iter("circle"))
        assert begin <= float(circle.get("cx", 0)) <= end + 0.1
    else:
        place = next(one for one in drawing.iter("path") if "fails" in one.get("class", ""))
        assert float(place.get("d", "M0,").split(",")[0][1:]) > end


def test_an_interval_is_drawn() -> None:
    one = measured(2.0, most=2.2, interval_low=1.9, interval_high=2.1, interval="1.9 … 2.1")
    drawing = drawn_limit(one)

    assert drawing is not None
    assert "whisker" in markup(drawing)
