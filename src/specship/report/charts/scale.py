"""From values to places on a drawing, and the round numbers between them."""

from __future__ import annotations

import math
from typing import NamedTuple


class Axis(NamedTuple):
    """A line of values, drawn from one place to another."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Where a value is drawn; what lies outside is drawn at the edge."""
        part = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.begin + min(1.0, max(0.0, part)) * (self.end - self.begin)


def round_numbers(low: float, high: float, wanted: int = 4) -> list[float]:
    """About so many round numbers between two values."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    rough = span / max(1, wanted)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def wide(values: list[float]) -> tuple[float, float]:
    """The smallest and the largest of some values, and a little room where they are one."""
    low, high = min(values), max(values)
    if low == high:
        room = abs(low) * 0.1 or 1.0
        return low - room, high + room
    return low, high
