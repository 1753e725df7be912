"""Fewer points of a long series, with the smallest and the largest of each stretch among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

Point = TypeVar("Point")


def thinned(points: Sequence[Point], most: int, value: Callable[[Point], float]) -> tuple[Point, ...]:
    """At most so many points in their order: the first, the last, and two of each stretch between them.

    Of each stretch the smallest and the largest value are kept, so that no spike goes unseen; a value that is
    no number counts as the largest. A series that is short enough is given as it is.
    """
    if len(points) <= most:
        return tuple(points)

    def rank(place: int) -> float:
        found = value(points[place])
        return math.inf if math.isnan(found) else found

    stretches = max(1, (most - 2) // 2)
    inner = len(points) - 2
    kept = {0, len(points) - 1}
    for number in range(stretches):
        first, end = 1 + number * inner // stretches, 1 + (number + 1) * inner // stretches
        places = range(first, end)
        if places:
            kept |= {min(places, key=rank), max(places, key=rank)}
    return tuple(points[place] for place in sorted(kept))
