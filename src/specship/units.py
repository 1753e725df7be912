"""Units, and quantities that carry one.

A figure without a unit is refused everywhere: 4.7 nats a token and 4.7 bits a byte are
different claims. A unit knows the values it can take, so that a limit nothing could violate
(at least 0 tokens) is recognised when a contract is read.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

Value = int | float | str | bool | None
"""What a quantity can hold; None means that it could not be measured."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure and the smallest and largest value that can carry it."""

    name: str
    lowest: float = -math.inf
    highest: float = math.inf
    counts: bool = False


KNOWN_UNITS: Final = {
    unit.name: unit
    for unit in (
        Unit("nats/token"),
        Unit("bits/token"),
        Unit("nats"),
        Unit("bits/byte"),
        Unit("tokens/s", lowest=0.0),
        Unit("tokens/parameter", lowest=0.0),
        Unit("bytes/token", lowest=0.0),
        Unit("FLOP/s", lowest=0.0),
        Unit("seconds", lowest=0.0),
        Unit("days", lowest=0.0),
        Unit("bytes", lowest=0.0, counts=True),
        Unit("fraction", lowest=0.0, highest=1.0),
        Unit("ratio", lowest=0.0),
        Unit("difference"),
        Unit("text"),
    )
}
"""Units with a name of their own; beside them, any plural noun is a count."""
OWN_UNIT: Final = r"own\.[A-Za-z][A-Za-z0-9_/%]{0,63}"
"""What a unit is called that a project's own probe declares: `own.chrf`. Its name says that it is none of
ours, so that a contract is read without asking any probe, and whose probe it is says what it measures."""
_DAY: Final = 24 * 3600 * 10**9
_SIZES: Final[tuple[dict[str, int | float], ...]] = (
    {
        "nanoseconds": 1, "microseconds": 10**3, "milliseconds": 10**6, "seconds": 10**9,
        "minutes": 60 * 10**9, "hours": 3600 * 10**9, "days": _DAY, "weeks": 7 * _DAY,
    },
    {
        "bytes": 1, "kilobytes": 10**3, "megabytes": 10**6, "gigabytes": 10**9, "terabytes": 10**12,
        "kibibytes": 2**10, "mebibytes": 2**20, "gibibytes": 2**30, "tebibytes": 2**40,
    },
    {"bits/token": 1, "nats/token": 1 / math.log(2)},
)  # fmt: skip
"""Units of one dimension, each with its size in the smallest of them. Sources: SI Brochure; IEC 80000-13."""
_COUNT = re.compile(r"[a-z][a-z_]*s\Z")
_OWN = re.compile(rf"{OWN_UNIT}\Z")


@functools.cache
def unit_named(name: str) -> Unit | None:
    """The unit of that name; a plural noun (`prompts`) counts such things; None when it is neither.

    One of a project's own can hold any number, and counts nothing.
    """
    if known := KNOWN_UNITS.get(name):
        return known
    if _OWN.match(name):
        return Unit(name)
    return Unit(name, lowest=0.0, counts=True) if _COUNT.match(name) else None


def scale_between(before: str, after: str) -> Fraction | float | None:
    """What a value in the first unit is multiplied with to be one in the second; None where nothing is.

    A fraction is exact; a float is not, and neither is what it is multiplied with.
    """
    if before == after:
        return Fraction(1)
    for sizes in _SIZES:
        if before in sizes and after in sizes:
            one, other = sizes[before], sizes[after]
            exact = isinstance(one, int) and isinstance(other, int)
            return Fraction(one) / Fraction(other) if exact else one / other
    return None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value with its unit.

    Units: one of `KNOWN_UNITS`; a figure without one is refused everywhere.
    Source: decision 0009 lists the codes of what goes wrong with them.
    """

    value: Value
    unit: str

    @property
    def measured(self) -> bool:
        """Whether there is a value that may be judged: not None, NaN or infinite."""
        if isinstance(self.value, float):
            return math.isfinite(self.value)
        return self.value is not None

    def __str__(self) -> str:
        return f"{show(self.value)} {self.unit}" if self.unit != "text" else show(self.value)


def show(value: Value) -> str:
    """A value for people: six significant digits, thin thousands in whole numbers."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", " ")
    if isinstance(value, float):
        return f"{value:.6g}"
    return value
