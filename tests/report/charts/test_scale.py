"""Round numbers, and places of values."""

import math

import pytest

from specship.report.charts.scale import Axis, round_numbers, wide


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 10, [0, 5, 10]), (0, 1, [0, 0.5, 1.0]), (2.1, 7.02, [4, 6]), (0, 900, [0, 500]), (5, 5, [5]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]), (math.nan, 1, [math.nan]),
    ],
)  # fmt: skip
def test_round_numbers(low: float, high: float, numbers: list[float]) -> None:
    assert round_numbers(low, high, 4) == pytest.approx(numbers, nan_ok=True)


def test_places() -> None:
    axis = Axis(10, 20, 100, 0)

    assert [axis.at(value) for value in (10, 15, 20, 99, -99)] == [100, 50, 0, 0, 100]
    assert Axis(1, 1, 0, 10).at(1) == 0
    assert wide([3.0, 3.0]) == pytest.approx((2.7, 3.3))
    assert wide([0.0]) == (-1.0, 1.0)
