"""A figure taken again and again on healthy material: its noise, and how often a limit would be missed.

Observed is a share of verdicts, with the exact upper bound. Predicted is the chance that the next figure
misses the limit, by Student's t, which allows for mean and deviation being estimates themselves. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from specship.contracts.expectation import Expectation
from specship.contracts.interval import beta_below, share_interval
from specship.units import Quantity, unit_named

SELDOM: Final = 0.001
"""How often a verdict may change on healthy material: once in a thousand."""
ENOUGH: Final = 20
"""Figures of which a prediction speaks of the limit: of fewer, it speaks of how few they are."""
SURE: Final = 0.95
"""Confidence of the upper bound of what was observed."""
AGAIN: Final = "-again-"
"""Between the name of a variant and how often it was run again."""
_FEWEST: Final = 2
"""Figures that have a deviation."""
_SMALL_COUNT: Final = 10
"""Counts below it take too few values for a bell."""


def at_most_so_often(changed: int, times: int) -> float:
    """The exact upper bound, at 95 %, of a rate that was seen `changed` times of `times`; 1 of none at all.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413; one-sided.
    """
    interval = share_interval(changed / times, times, 2 * SURE - 1) if times else None
    return interval[1] if interval else 1.0


def beyond(deviations: float, figures: int) -> float:
    """The chance that one more figure lies this far above the mean of so many, in standard deviations.

    Assumed are independent draws of one normal distribution, whose mean and deviation are not known; there
    are two or more. Source: Student's t with `figures - 1` degrees; NIST/SEMATECH e-Handbook, 1.3.6.6.4.
    """
    degrees = figures - 1
    t = deviations / math.sqrt(1 + 1 / figures)
    tail = beta_below(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
    return tail if t >= 0 else 1 - tail


@dataclass(frozen=True)
class Repeated:
    """One quantity of a gate, measured once on each of several healthy variants."""

    values: tuple[Quantity, ...]
    """As they were measured."""
    besides: tuple[Quantity | None, ...] = ()
    """What the interval of each is known by, where the limit has a confidence."""
    variants: tuple[str, ...] = ()
    """What each was measured on; `NAME-again-1` is NAME once more with another seed."""

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The figures; none where one of them is no number."""
        found = [one.value for one in self.values if one.measured and not isinstance(one.value, str | bool)]
        whole = len(found) == len(self.values)
        return tuple(float(value) for value in found if value is not None) if whole else ()

    @property
    def exact(self) -> bool:
        """Whether every one was the same, or every one of a variant: then there is no noise to speak of."""
        return len(set(self.values)) <= 1 or self._by_settings

    @cached_property
    def _by_settings(self) -> bool:
        """Whether other seeds never changed it, so that settings alone decide."""
        seen: dict[str, set[Quantity]] = {}
        for name, value in zip(self.variants, self.values, strict=False):
            seen.setdefault(name.partition(AGAIN)[0], set()).add(value)
        repeated = len(self.variants) >= 2 * len(seen) > 0
        return repeated and all(len(values) == 1 for values in seen.values())

    @property
    def mean(self) -> float | None:
        """Of the figures; None where there are none."""
        return math.fsum(self.numbers) / len(self.numbers) if self.numbers else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the figures, of `n - 1`; None of fewer than two."""
        return 0.0 if self.numbers and self.exact else _deviation(self.numbers)

    def missed(self, limit: Expectation) -> int:
        """How many of the figures do not meet a limit."""
        return sum(not limit.holds(value, beside) for value, beside in self._pairs())

    def flips(self, limit: Expectation) -> Prediction:
        """How often one more figure would miss a limit."""
        low, high = _ends(limit)
        ends = [end for end in (low, high) if end is not None]
        if self.exact:
            says = "settings alone decide it" if len(set(self.values)) > 1 else "it was the same every time"
            return Prediction(says=f"exact: {says}")
        if not ends:
            return Prediction(says="no distribution: the limit asks for certain values")
        below, above = self._judged(limit, 0), self._judged(limit, 1)
        if len(below) < _FEWEST:
            return Prediction(says="no distribution: not every figure is a number")
        if (unit := unit_named(limit.unit)) and unit.counts and max(map(abs, above)) < _SMALL_COUNT:
            return Prediction(says="no distribution: a count of less than ten")
        if unit and unit.lowest != 0 and below == above and _a_size(below):
            return _of_a_size(below, low, high)
        if low == 0 and high is None and _by_factors(limit.unit, below):
            return Prediction(rate=0.0, says="log-normal: nothing that varies by factors is zero by chance")
        if factors := _by_factors(limit.unit, (*below, *above, *ends)):
            below, above = tuple(map(math.log, below)), tuple(map(math.log, above))
            low, high = (None if end is None else math.log(end) for end in (low, high))
        sides = []
        for figures, end, sign in ((below, low, -1), (above, high, 1)):
            if end is None:
                continue
            mean, deviation = math.fsum(figures) / len(figures), _deviation(figures)
            distance = (
                sign * (end - mean) / deviation if deviation else math.copysign(math.inf, sign * (end - mean))
            )
            sides.append((distance, beyond(distance, len(figures)) if deviation else float(distance < 0)))
        rate = min(1.0, math.fsum(chance for _, chance in sides))
        return Prediction(rate, min(far for far, _ in sides), "log-normal" if factors else "normal")

    def _judged(self, limit: Expectation, side: int) -> tuple[float, ...]:
        """The figures that have to meet a limit: with a confidence, an end of each interval."""
        if limit.confidence is None:
            return self.numbers
        ends = [limit.interval(value, beside) for value, beside in self._pairs()]
        found = [end[side] for end in ends if end is not None]
        return tuple(found) if len(found) == len(self.values) else ()

    def _pairs(self) -> list[tuple[Quantity, Quantity | None]]:
        besides = self.besides or (None,) * len(self.values)
        return list(zip(self.values, besides, strict=True))


@dataclass(frozen=True, slots=True)
class Prediction:
    """How often one more healthy figure would miss a limit."""

    rate: float | None = None
    """The chance; None where no distribution is known."""
    distance: float | None = None
    """From the mean to the nearest end of the limit, in standard deviations (of the logarithms, where figures
    are log-normal); negative beyond it."""
    says: str = ""
    """What is assumed, or why there is no chance."""

    @property
    def often(self) -> bool:
        """Whether that is more often than once in a thousand."""
        return self.rate is not None and self.rate > SELDOM


def _deviation(figures: Sequence[float]) -> float | None:
    if len(figures) < _FEWEST:
        return None
    mean = math.fsum(figures) / len(figures)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in figures) / (len(figures) - 1))


def _a_size(figures: Sequence[float]) -> bool:
    """Whether figures are the size of what may have either sign: a bell would have gone below zero by now.

    So many above zero would be seen of a normal distribution less than once in a thousand.
    """
    mean, deviation = math.fsum(figures) / len(figures), _deviation(figures)
    if not deviation or min(figures) < 0 or mean <= 0:
        return False
    return (1 - beyond(mean / deviation, len(figures))) ** len(figures) < SELDOM


def _of_a_size(figures: Sequence[float], low: float | None, high: float | None) -> Prediction:
    """The prediction of sizes whose sign was left out: of the figure with its sign the mean is zero.

    Its variance is the mean of the squares, so that over its root one more is Student's t of as many degrees.
    """
    scale = math.sqrt(math.fsum(one * one for one in figures) / len(figures))
    mean, deviation = math.fsum(figures) / len(figures), _deviation(figures) or 0.0
    rate, distances = 0.0, []
    for end, sign in ((low, -1), (high, 1)):
        if end is not None:
            share = beta_below(1 / (1 + (end / scale) ** 2 / len(figures)), len(figures) / 2, 0.5)
            beyond_end = share if end > 0 else 1.0
            rate += beyond_end if sign > 0 else 1 - beyond_end
            distances.append(sign * (end - mean) / deviation)
    return Prediction(min(1.0, rate), min(distances), "half-normal")


def _by_factors(unit: str, numbers: Sequence[float]) -> bool:
    """Whether a quantity varies by factors: nothing is below zero or greatest, and it is no count."""
    known = unit_named(unit)
    if known is None or known.counts:
        return False
    return known.lowest == 0 and known.highest == math.inf and min(numbers) > 0


def _ends(limit: Expectation) -> tuple[float | None, float | None]:
    """The smallest and the largest number that a limit of numbers lets pass."""
    operator, asked = limit.operator, limit.limit
    if operator == "between":
        return float(asked[0]), float(asked[1])
    if operator in {"at_most", "below"}:
        return None, float(asked)
    return (float(asked), None) if operator in {"at_least", "above"} else (None, None)
