"""Fewer points, and no spike that goes unseen."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specship.exhibits.thinning import thinned


def own(value: float) -> float:
    return value


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=90), st.integers(4, 20))
def test_first_last_smallest_and_largest_stay(values: list[int], most: int) -> None:
    kept = thinned(values, most, own)

    assert len(kept) <= max(most, 4)
    assert (kept[0], kept[-1]) == (values[0], values[-1])
    assert {min(values), max(values)} <= set(kept)


@pytest.mark.parametrize("place", [0, 1, 777, 50_000, 99_998, 99_999])
def test_one_spike_of_a_hundred_thousand_points_stays(place: int) -> None:
    points = [(float(step), math.sin(step)) for step in range(100_000)]
    points[place] = (float(place), 50.0)
    kept = thinned(points, 240, lambda point: point[1])

    assert len(kept) <= 240
    assert (float(place), 50.0) in kept
    assert list(kept) == sorted(kept)


def test_what_is_no_number_stays() -> None:
    values = [1.0] * 1000
    values[500] = math.nan

    assert any(math.isnan(value) for value in thinned(values, 10, own))


def test_a_short_series_is_as_it_was() -> None:
    assert thinned([3.0, 1.0, 2.0], 3, own) == (3.0, 1.0, 2.0)
