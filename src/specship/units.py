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
_COUNT = re.compile(r"[a-z][a-z_]*s\Z")


@functools.cache
def unit_named(name: str) -> Unit | None:
    """The unit of that name; a plural noun (`prompts`) counts such things; None when it is neither."""
    if known := KNOWN_UNITS.get(name):
        return known
    return Unit(name, lowest=0.0, counts=True) if _COUNT.match(name) else None


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
