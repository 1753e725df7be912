"""Intervals around a measured figure: what a limit with a `confidence` is held against.  Pure arithmetic.

Of a share of right answers the interval is that of Clopper and Pearson (1934): exact, so that a score that is
called shown is wrong no more often than the confidence says, whatever the true share and however few the
samples. Wilson's is shorter and right on average alone. Of another mean it is the normal one, which needs a
standard error above zero: samples that all came out alike have none, and no certainty either.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

Interval = tuple[float, float]
"""Lower and upper end, both included."""
_WHOLE: Final = 1e-6
"""How far a count of right answers may lie from a whole number: the share was rounded, not made up."""
_HALVINGS: Final = 60
"""Of an interval of length one: its last bits."""
_TINY: Final = 1e-300
_MOST_TERMS: Final = 100_000
_ENOUGH: Final = 1e-15


def normal_interval(value: float, standard_error: float, confidence: float) -> Interval | None:
    """The interval of a mean with its standard error; None where the error is no positive number.

    Units: those of the value. `confidence` lies between 0 and 1; half of what is left lies on each side.
    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.1.4.
    """
    if not (math.isfinite(value) and math.isfinite(standard_error) and standard_error > 0):
        return None
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * standard_error
    return value - reach, value + reach


def share_interval(share: float, samples: int, confidence: float) -> Interval | None:
    """The exact interval of a share of `samples` that came out one of two ways; None where it is no share.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413.
    """
    if samples < 1 or not 0 <= share <= 1:
        return None
    right = round(share * samples)
    if abs(share * samples - right) > _WHOLE * max(1, samples):
        return None  # a mean of other figures than 0 and 1
    left_over = (1 - confidence) / 2
    low = 0.0 if right == 0 else _quantile(left_over, right, samples - right + 1)
    high = 1.0 if right == samples else _quantile(1 - left_over, right + 1, samples - right)
    return low, high


def _quantile(probability: float, a: int, b: int) -> float:
    """Where a beta distribution has so much of itself below."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(middle, a, b) < probability else (low, middle)
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b): how much of a beta distribution lies below x.

    For whole numbers it is the chance of `a` or more of `a + b - 1` with a chance of x each.
    Source: DLMF 8.17.22, evaluated by Lentz's method.
    """
    if not 0 < x < 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction is quick on this side of the mean alone
        return 1 - beta_below(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    above, below = 1.0, 1 - (a + b) * x / (a + 1)
    below = 1 / (below or _TINY)
    found = below
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            below = 1 / (1 + term * below or _TINY)
            above = 1 + term / above or _TINY
            found *= above * below
        if abs(above * below - 1) < _ENOUGH:
            break
    return found
