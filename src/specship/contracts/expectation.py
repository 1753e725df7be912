"""Typed limits on quantities.  No code in YAML, no eval: one operator and its limit.

    val_loss: {at_most: 2.2, unit: nats/token}

What is missing, None, NaN, infinite, of another type or in another unit never holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)

from specship.units import Quantity, Unit, Value, show, unit_named

Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Scalar = StrictStr | StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]


def _same(value: Value, limit: Scalar) -> bool:
    """Equality that keeps True apart from 1 and text apart from numbers."""
    if isinstance(value, bool) or isinstance(limit, bool):
        return value is limit
    return (type(value) in (int, float) and type(limit) in (int, float) and value == limit) or (
        isinstance(value, str) and value == limit
    )


def _number(value: Value) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


_OPERATORS: Final[Mapping[str, Callable[[Value, Any], bool]]] = {
    "at_most": lambda value, limit: (number := _number(value)) is not None and number <= limit,
    "at_least": lambda value, limit: (number := _number(value)) is not None and number >= limit,
    "below": lambda value, limit: (number := _number(value)) is not None and number < limit,
    "above": lambda value, limit: (number := _number(value)) is not None and number > limit,
    "between": lambda value, limit: (number := _number(value)) is not None and limit[0] <= number <= limit[1],
    "equals": _same,
    "one_of": lambda value, limit: any(_same(value, choice) for choice in limit),
    "matches": lambda value, limit: isinstance(value, str) and re.fullmatch(limit, value) is not None,
}
_WORDS: Final = {"at_most": "≤", "at_least": "≥", "below": "<", "above": ">", "equals": "="}
_NUMERIC: Final = {"at_most", "at_least", "below", "above", "between"}


class Expectation(BaseModel):
    """One limit on one quantity, in one unit; exactly one operator is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    above: Number | None = None
    between: tuple[Number, Number] | None = None
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = None
    matches: StrictStr | None = None
    unit: str
    """The probe's unit for this quantity, written out so that a reader need not guess it."""

    @model_validator(mode="after")
    def _one_operator_that_can_fail(self) -> Self:
        given = [name for name in _OPERATORS if getattr(self, name) is not None]
        if len(given) != 1:
            listed = ", ".join(given) or "none"
            raise ValueError(f"give exactly one of {', '.join(_OPERATORS)}; here: {listed}")
        unit = unit_named(self.unit)
        if unit is None:
            raise ValueError(f"unknown unit {self.unit!r}: a count is a plural noun such as 'tokens'")
        if given[0] in _NUMERIC and unit.name == "text":
            raise ValueError(f"{given[0]} compares numbers, and the unit is text")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"the interval {list(self.between)} is empty: no measurement could meet it")
        if self.one_of == ():
            raise ValueError("one_of is empty: no measurement could meet it")
        if self.matches is not None:
            _check_pattern(self.matches)
        if _holds_for_all(self, unit):
            raise ValueError(f"no measurement in {unit.name} could violate '{self.limit_text}'")
        return self

    @property
    def operator(self) -> str:
        """Name of the one operator given."""
        return next(name for name in _OPERATORS if getattr(self, name) is not None)

    @property
    def limit(self) -> Any:
        """The operator's limit."""
        return getattr(self, self.operator)

    @property
    def limit_text(self) -> str:
        """The limit for people, such as `≤ 2.2 nats/token`."""
        return f"{self._bare_limit} {self.unit}" if self.unit != "text" else self._bare_limit

    @property
    def _bare_limit(self) -> str:
        if self.operator == "between":
            return f"{show(self.limit[0])} … {show(self.limit[1])}"
        if self.operator == "one_of":
            return "one of " + ", ".join(show(choice) for choice in self.limit)
        if self.operator == "matches":
            return f"matches {self.limit!r}"
        return f"{_WORDS[self.operator]} {show(self.limit)}"

    def holds(self, quantity: Quantity | None) -> bool:
        """Whether a quantity meets the limit; absence and doubt never do."""
        if quantity is None or not quantity.measured or quantity.unit != self.unit:
            return False
        return _OPERATORS[self.operator](quantity.value, self.limit)


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error


def _holds_for_all(expectation: Expectation, unit: Unit) -> bool:
    """Whether every value that the unit can carry meets the limit."""
    limit, low, high = expectation.limit, unit.lowest, unit.highest
    vacuous: Mapping[str, Callable[[], bool]] = {
        "at_least": lambda: limit <= low,
        "at_most": lambda: limit >= high,
        "above": lambda: limit < low,
        "below": lambda: limit > high,
        "between": lambda: limit[0] <= low and limit[1] >= high,
        "matches": lambda: all(re.fullmatch(limit, text) for text in ("", "a", "any text at all!")),
    }
    return expectation.operator in vacuous and vacuous[expectation.operator]()
