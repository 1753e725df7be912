"""Typed limits on quantities.  No code in YAML, no eval: one operator and its limit.

    val_loss: {at_most: 2.2, unit: nats/token}
    value: {at_least: 0.30, unit: fraction, confidence: 0.95, count: samples}

With a `confidence` the whole interval around the figure has to meet the limit, so that chance alone does not.
What is missing, None, NaN, infinite, of another type or in another unit never holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from specship.contracts.interval import Interval, normal_interval, share_interval
from specship.errors import slip_of
from specship.units import KNOWN_UNITS, Quantity, Unit, Value, show, unit_named

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
OPERATORS: Final = tuple(_OPERATORS)
"""The names of the operators, of which a limit has one."""
_LEAST_CONFIDENCE: Final = 0.5
"""Below it an interval excludes more than it holds."""


_LONGEST_PATTERN: Final = 200
"""Characters of a regular expression; longer ones nobody can review."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a value: the stable code, what, and how to mend it."""

    code: str
    message: str
    mend: str = ""

    def as_error(self) -> PydanticCustomError:
        """The same for pydantic, which carries it to whoever knows the place."""
        text = self.message.replace("{", "{{").replace("}", "}}")
        return PydanticCustomError(self.code, text, {"mend": self.mend})


def _known_unit(name: str) -> str:
    if unit_named(name) is None:
        # Another unit that is alike (bits/token, nats/token) would be another limit.
        mend = slip_of(name, KNOWN_UNITS) or (
            f"known are {', '.join(KNOWN_UNITS)}, plural nouns, and `own.NAME` of a probe of yours"
        )
        raise Complaint("SHIP210", f"unknown unit {name!r}", mend).as_error()
    return name


class Expectation(BaseModel):
    """One limit on one quantity, in one unit; exactly one operator is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: Number | None = None
    """The value is this or less."""
    at_least: Number | None = None
    """The value is this or more."""
    below: Number | None = None
    """The value is less than this."""
    above: Number | None = None
    """The value is more than this."""
    between: tuple[Number, Number] | None = None
    """The value lies in this interval, its ends included."""
    equals: Scalar | None = None
    """The value is this one."""
    one_of: tuple[Scalar, ...] | None = None
    """The value is one of these."""
    matches: StrictStr | None = None
    """The whole text matches this regular expression."""
    unit: Annotated[str, AfterValidator(_known_unit)]
    """The probe's unit for this quantity, written out so that a reader need not guess it."""
    confidence: Annotated[float, Field(gt=_LEAST_CONFIDENCE, lt=1)] | None = None
    """Of the interval that has to meet the limit as a whole, such as 0.95; without one the figure has to."""
    error: StrictStr | None = None
    """With `confidence`: the probe's quantity that is the standard error of this one (normal interval)."""
    count: StrictStr | None = None
    """With `confidence`: the quantity that says of how many samples this is a share (exact interval)."""

    @model_validator(mode="after")
    def _one_operator_that_can_fail(self) -> Self:
        for complaint in complaints({name: getattr(self, name) for name in self.model_fields_set}):
            raise complaint.as_error()
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
    def beside(self) -> str:
        """Name of the other quantity that its interval needs; empty where it asks for none."""
        return self.error or self.count or ""

    @property
    def limit_text(self) -> str:
        """The limit for people, such as `≤ 2.2 nats/token`."""
        bare = _limit_text(self.operator, self.limit)
        sure = f" at {_percent(self.confidence)}" if self.confidence is not None else ""
        return (f"{bare} {self.unit}" if self.unit != "text" else bare) + sure

    def interval(self, quantity: Quantity | None, beside: Quantity | None) -> Interval | None:
        """Between what a figure lies at the confidence; None where that is not asked or not known."""
        value, other = _figure(quantity), _figure(beside)
        if self.confidence is None or beside is None or value is None or other is None:
            return None
        if self.count is None:
            return normal_interval(value, other, self.confidence) if beside.unit == self.unit else None
        counted = (unit := unit_named(beside.unit)) is not None and unit.counts and other == int(other)
        return share_interval(value, int(other), self.confidence) if counted else None

    def holds(self, quantity: Quantity | None, beside: Quantity | None = None) -> bool:
        """Whether a quantity meets the limit; absence and doubt never do.

        Where the limit has a confidence, its interval meets it as a whole; `beside` is the quantity that
        `beside` names.
        """
        if quantity is None or not quantity.measured or quantity.unit != self.unit:
            return False
        meets = _OPERATORS[self.operator]
        if self.confidence is None:
            return meets(quantity.value, self.limit)
        interval = self.interval(quantity, beside)
        return interval is not None and all(meets(end, self.limit) for end in interval)

    def met(self, name: str, measured: Mapping[str, Quantity]) -> bool:
        """The same of a quantity by its name among all that was measured."""
        return self.holds(measured.get(name), measured.get(self.beside))

    def broken_by(self, quantity: Quantity, beside: Quantity | None = None) -> bool:
        """Whether a quantity was measured in this unit, can be compared with the limit, and does not meet it.

        More than `not holds`: what was never measured, or is of another kind, shows nothing of the limit.
        """
        if not quantity.measured or quantity.unit != self.unit:
            return False
        if self.confidence is not None and self.interval(quantity, beside) is None:
            return False
        return self._compares(quantity.value) and not self.holds(quantity, beside)

    def _compares(self, value: Value) -> bool:
        if self.operator in _NUMERIC:
            return _number(value) is not None
        choices = self.one_of or (self.equals if self.equals is not None else "",)
        return any(_kind(value) is _kind(choice) for choice in choices)


def _figure(quantity: Quantity | None) -> float | None:
    return None if quantity is None or not quantity.measured else _number(quantity.value)


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.6g} %"


def shown_interval(interval: Interval, confidence: float) -> str:
    """An interval for people, such as `0.26 … 0.38 at 95 %`."""
    return f"{interval[0]:.3g} … {interval[1]:.3g} at {_percent(confidence)}"


def _kind(value: Value) -> type:
    return float if type(value) is int else type(value)


def _limit_text(operator: str, limit: Any) -> str:
    if operator == "between":
        return f"{show(limit[0])} … {show(limit[1])}"
    if operator == "one_of":
        return "one of " + ", ".join(show(choice) for choice in limit)
    if operator == "matches":
        return f"matches {limit!r}"
    return f"{_WORDS[operator]} {show(limit)}"


def complaints(given: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with an expectation as a whole, from its keys and values as written.

    Values of the wrong type, unknown keys and unknown units are complained of elsewhere, and
    passed over here.
    """
    operators = [name for name, limit in given.items() if limit is not None and name in _OPERATORS]
    if len(operators) != 1:
        listed = ", ".join(name for name in _OPERATORS if name in operators) or "none"
        yield Complaint("SHIP207", f"give exactly one of {', '.join(_OPERATORS)}; here: {listed}")
        return
    operator, unit = operators[0], unit_named(str(given.get("unit")))
    limit = given[operator]
    if unit is not None and unit.name == "text" and operator in _NUMERIC:
        yield Complaint("SHIP213", f"{operator} compares numbers, and the unit is text")
    elif (refusal := _impossible(operator, limit) or _no_interval(operator, given)) is not None:
        yield refusal
    elif unit is not None and _holds_for_all(operator, limit, unit):
        shown = _limit_text(operator, limit) + (f" {unit.name}" if unit.name != "text" else "")
        yield Complaint("SHIP209", f"no measurement in {unit.name} could violate '{shown}'")


def _no_interval(operator: str, given: Mapping[str, Any]) -> Complaint | None:
    """Why a limit's confidence means nothing, or None."""
    named = [name for name in ("error", "count") if given.get(name) is not None]
    if given.get("confidence") is None:
        if not named:
            return None
        return Complaint(
            "SHIP213", f"{named[0]} without confidence", "write confidence: 0.95, or take it out"
        )
    if operator not in _NUMERIC:
        return Complaint(
            "SHIP213", f"{operator} with a confidence: an interval is compared with numbers alone"
        )
    if len(named) != 1:
        mend = (
            "count: QUANTITY for a share of right answers, error: QUANTITY for a mean with a standard error"
        )
        return Complaint("SHIP213", "a confidence needs one of error and count", mend)
    return None


def _impossible(operator: str, limit: Any) -> Complaint | None:
    """Why no measurement could meet a limit, or None."""
    if operator == "between" and _is_interval(limit) and limit[0] > limit[1]:
        return Complaint("SHIP208", f"the interval {list(limit)} is empty: no measurement could meet it")
    if operator == "one_of" and limit == ():
        return Complaint("SHIP208", "one_of is empty: no measurement could meet it")
    if operator == "matches" and isinstance(limit, str):
        if len(limit) > _LONGEST_PATTERN:
            return Complaint("SHIP102", f"a pattern of more than {_LONGEST_PATTERN} characters")
        try:
            re.compile(limit)
        except (re.error, OverflowError, RecursionError) as error:
            return Complaint("SHIP205", f"{limit!r} is not a regular expression: {error}")
    return None


def _is_interval(limit: Any) -> bool:
    return isinstance(limit, tuple) and len(limit) == 2 and all(_number(end) is not None for end in limit)


def _holds_for_all(operator: str, limit: Any, unit: Unit) -> bool:
    """Whether every value that the unit can carry meets the limit."""
    match operator:
        case "at_least":
            return _number(limit) is not None and limit <= unit.lowest
        case "at_most":
            return _number(limit) is not None and limit >= unit.highest
        case "above":
            return _number(limit) is not None and limit < unit.lowest
        case "below":
            return _number(limit) is not None and limit > unit.highest
        case "between":
            return _is_interval(limit) and limit[0] <= unit.lowest and limit[1] >= unit.highest
        case "matches":
            texts = ("", "a", "any text at all!")
            return isinstance(limit, str) and all(re.fullmatch(limit, text) for text in texts)
    return False
