"""Limits as sets of accepted values, so that two of them can be compared whatever words they were written in.

A change weakens a limit if and only if some measurement meets it now that did not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import inf, isclose, isinf
from typing import Any, Final, NamedTuple

from specship.contracts.expectation import Expectation
from specship.review.records import Direction
from specship.units import scale_between, unit_named

_ALIKE: Final = 1e-12
"""Relative difference of two ends that are one, where a unit is converted by a number that is not exact."""
End = float | Fraction
_MOST_SAMPLES: Final = 24
_LONGEST_SAMPLE: Final = 16


class Interval(NamedTuple):
    """Numbers between two ends, each of which may be left out."""

    low: End
    high: End
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """Whether no number lies in it."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def within(self, other: Interval) -> bool:
        """Whether each of its numbers lies in another one."""
        low = self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open))
        high = self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open))
        return low and high


class Accepted(NamedTuple):
    """The values that meet a limit."""

    numbers: tuple[Interval, ...]
    """Sorted, and none touches another."""
    truths: frozenset[bool]
    texts: frozenset[str]
    pattern: str | None = None
    """Texts that match it as a whole are accepted too."""


class Comparison(NamedTuple):
    """What became of a limit; None where nobody can tell."""

    loosens: bool | None
    """Whether something meets it now that did not before."""
    tightens: bool | None
    """Whether something met it before that does not now."""

    @property
    def direction(self) -> Direction:
        """In one word."""
        if self.loosens:
            return Direction.WEAKENED
        if self.loosens is None or self.tightens is None:
            return Direction.INCOMPARABLE
        return Direction.STRENGTHENED if self.tightens else Direction.NEUTRAL


def compare(before: Expectation | None, after: Expectation | None) -> Comparison:
    """Two limits on one quantity; where there is none, everything is accepted."""
    if before is None or after is None:
        return Comparison(
            loosens=after is None and before is not None, tightens=before is None and after is not None
        )
    if before.confidence is not None or after.confidence is not None:
        return _with_confidence(before, after)
    return _of_figures(before, after)


def _with_confidence(before: Expectation, after: Expectation) -> Comparison:
    """Two limits of which an interval has to meet one: a wider interval is met by less."""
    plain, was, now = _of_figures(before, after), before.confidence or 0.0, after.confidence or 0.0
    found = Comparison(
        loosens=True if now < was else plain.loosens, tightens=True if now > was else plain.tightens
    )
    if was and now and (before.error, before.count) != (after.error, after.count):
        # Another interval altogether: which of the two is wider, each measurement says for itself.
        return Comparison(found.loosens or None, found.tightens or None)
    return found


def _of_figures(before: Expectation, after: Expectation) -> Comparison:
    scale = scale_between(before.unit, after.unit)
    if scale is None:
        return Comparison(None, None)
    one, other = accepted(before), accepted(after)
    if before.unit != after.unit:
        as_written = Fraction(1) if isinstance(scale, Fraction) else 1.0
        other = other._replace(numbers=tuple(_converted(i, as_written, ()) for i in other.numbers))
        one = one._replace(numbers=tuple(_converted(i, scale, other.numbers) for i in one.numbers))
    return Comparison(loosens=_escapes(other, one), tightens=_escapes(one, other))


def _converted(interval: Interval, scale: Fraction | float, others: Iterable[Interval]) -> Interval:
    """The same numbers in another unit, in which `others` are given."""
    ends = [end for other in others for end in (other.low, other.high)]
    low, high = (_end(end, scale, ends) for end in (interval.low, interval.high))
    return interval._replace(low=low, high=high)


def _end(end: End, scale: Fraction | float, others: Iterable[End]) -> End:
    if isinf(end):
        return end
    if isinstance(scale, Fraction):
        return Fraction(str(end)) * scale  # as it is written: 0.1 s are 100 ms, and the nearest float is more
    found = end * scale
    return next((other for other in others if isclose(found, other, rel_tol=_ALIKE)), found)


def accepted(expectation: Expectation) -> Accepted:
    """The values that meet a limit, of those that its unit can carry."""
    operator, limit = expectation.operator, expectation.limit
    unit = unit_named(expectation.unit)
    lowest, highest = (unit.lowest, unit.highest) if unit else (-inf, inf)
    numbers: Iterable[Interval] = ()
    truths: frozenset[bool] = frozenset()
    texts: frozenset[str] = frozenset()
    match operator:
        case "at_most":
            numbers = [Interval(-inf, limit)]
        case "below":
            numbers = [Interval(-inf, limit, high_open=True)]
        case "at_least":
            numbers = [Interval(limit, inf)]
        case "above":
            numbers = [Interval(limit, inf, low_open=True)]
        case "between":
            numbers = [Interval(*limit)]
        case "equals" | "one_of":
            choices = (limit,) if operator == "equals" else limit
            truths = frozenset(choice for choice in choices if isinstance(choice, bool))
            texts = frozenset(choice for choice in choices if isinstance(choice, str))
            numbers = [Interval(choice, choice) for choice in choices if not isinstance(choice, bool | str)]
    clipped = [_clip(interval, lowest, highest) for interval in numbers]
    return Accepted(_joined(clipped), truths, texts, limit if operator == "matches" else None)


def _clip(interval: Interval, lowest: float, highest: float) -> Interval:
    low, low_open = (interval.low, interval.low_open) if interval.low >= lowest else (lowest, False)
    high, high_open = (interval.high, interval.high_open) if interval.high <= highest else (highest, False)
    return Interval(low, high, low_open, high_open)


def _joined(intervals: list[Interval]) -> tuple[Interval, ...]:
    """The same numbers, sorted; the intervals of one limit overlap only where they are equal points."""
    return tuple(sorted({interval for interval in intervals if not interval.empty}))


def _escapes(one: Accepted, other: Accepted) -> bool | None:
    """Whether something that the one accepts is refused by the other; None where nobody can tell."""
    if any(not any(own.within(theirs) for theirs in other.numbers) for own in one.numbers):
        return True
    if one.truths - other.truths or any(not _accepts(other, text) for text in one.texts):
        return True
    if one.pattern is None or one.pattern == other.pattern:
        return False
    return True if any(not _accepts(other, text) for text in samples(one.pattern)) else None


def _accepts(these: Accepted, text: str) -> bool:
    return text in these.texts or (
        these.pattern is not None and re.fullmatch(these.pattern, text) is not None
    )


@lru_cache(maxsize=256)
def samples(pattern: str) -> tuple[str, ...]:
    """Short texts that match a pattern: enough to refute that another accepts them all, never to prove."""
    made = _made(re._parser.parse(pattern))  # type: ignore[attr-defined] # noqa: SLF001 - no other reads one
    return tuple(text for text in made if re.fullmatch(pattern, text))


def _made(items: Any) -> list[str]:
    """Texts that the parts of a parsed pattern stand for, one after the other."""
    found = [""]
    for operator, argument in items:
        more = _of_part(str(operator), argument)
        found = list(dict.fromkeys(one + other for one, other in product(found, more)))
        found = [text for text in found if len(text) <= _LONGEST_SAMPLE][:_MOST_SAMPLES] or found[:1]
    return found


def _of_part(operator: str, argument: Any) -> list[str]:
    match operator:
        case "LITERAL":
            return [chr(argument)]
        case "ANY":
            return ["a", "0", "-"]
        case "NOT_LITERAL":
            return [sign for sign in "a0-b" if ord(sign) != argument][:2]
        case "IN":
            kinds = {"CATEGORY_DIGIT": "07", "CATEGORY_WORD": "a0", "CATEGORY_SPACE": " "}
            signs = [
                sign
                for kind, value in argument
                for sign in (
                    chr(value)
                    if str(kind) == "LITERAL"
                    else chr(value[0]) + chr(value[1])
                    if str(kind) == "RANGE"
                    else kinds.get(str(value), "a0-")
                )
            ]
            return signs[:6] or ["a"]
        case "BRANCH":
            return [text for branch in argument[1] for text in _made(branch)][:_MOST_SAMPLES]
        case "SUBPATTERN":
            return _made(argument[3])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inner = argument
            texts = _made(inner)[:4]
            times = {min(least, _LONGEST_SAMPLE), min(least + 1, most, _LONGEST_SAMPLE), min(least + 2, most)}
            return [text * int(count) for count in sorted(times) for text in texts]
    return [""]
