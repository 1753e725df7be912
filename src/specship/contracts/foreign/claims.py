"""Comparisons of a named quantity with a number, read from words, formulas and threshold keys.

A text is a list of claims only when all of it is: `missing_fields = 0 and missing_steps = 0`
is two claims, `missing_fields = 0 in most runs` is none. What stands beside a comparison may
restrict it, turn it round or take it back, and no grammar of a few lines would notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

Limit = Decimal | tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Claim:
    """A quantity as it was called, an operator of ours, its limit, and the unit if one was given."""

    name: str
    operator: str
    limit: Limit
    unit: str


_OPERATORS: Final = {
    "<=": "at_most", "≤": "at_most", "⩽": "at_most", "at most": "at_most",
    "no more than": "at_most", "not more than": "at_most", "not exceed": "at_most",
    ">=": "at_least", "≥": "at_least", "⩾": "at_least", "at least": "at_least",
    "no less than": "at_least", "not less than": "at_least", "not fall below": "at_least",
    "<": "below", "below": "below", "less than": "below", "under": "below", "stay below": "below",
    ">": "above", "above": "above", "more than": "above", "greater than": "above",
    "==": "equals", "=": "equals", "exactly": "equals", "equal to": "equals", "equal": "equals",
    "equals": "equals",
}  # fmt: skip
_TURNED: Final = {"at_most": "at_least", "at_least": "at_most", "below": "above", "above": "below"}
_LONGEST: Final = 400
"""Characters of a comparison; what is longer is prose."""

_NAME: Final = r"(?:the\s+)?(?P<name>[A-Za-z][A-Za-z0-9_]*(?:[ .-][A-Za-z0-9_]+)*?)"
_NUMBER: Final = r"[-+]?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2})?"
_UNIT: Final = r"(?:\s*(?P<unit>%|[A-Za-z]+(?:(?:\s*/\s*|\s+per\s+)[A-Za-z]+)?))?"
_VERB: Final = r"(?P<verb>must be|must stay|must remain|must lie|must|shall be|shall|is|are|stays|remains|be)"
_SIGN: Final = "|".join(sorted((re.escape(sign) for sign in _OPERATORS), key=len, reverse=True))

_COMPARED = re.compile(
    rf"{_NAME}\s*(?:\b{_VERB}\b\s*)?(?P<sign>{_SIGN})?\s*(?<![0-9A-Za-z.])(?P<limit>{_NUMBER}){_UNIT}",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    rf"{_NAME}\s*(?:\b{_VERB}\b\s*)?(?:∈|\bin\b|\bwithin\b)\s*"
    rf"\[\s*(?P<low>{_NUMBER})\s*,\s*(?P<high>{_NUMBER})\s*\]{_UNIT}",
    re.IGNORECASE,
)
_CHAIN = re.compile(
    rf"(?P<low>{_NUMBER})\s*(?:<=|≤)\s*{_NAME}\s*(?:<=|≤)\s*(?P<high>{_NUMBER}){_UNIT}", re.IGNORECASE
)
_BACKWARDS = re.compile(rf"(?P<limit>{_NUMBER})\s*(?P<sign>[<>≤≥]=?)\s*{_NAME}", re.IGNORECASE)
_NONE = re.compile(
    r"(?:no|zero)\s+(?P<name>[a-z][a-z0-9_]*(?:[ -][a-z0-9_]+)*?)"
    r"(?:\s+(?:exist|remain|occur|are allowed|are permitted))?",
    re.IGNORECASE,
)
_BETWEEN = re.compile(rf"\bbetween\s+({_NUMBER})\s+and\s+({_NUMBER})", re.IGNORECASE)
_NEXT = re.compile(r"\s*(?:;|\n|&&|∧|,\s(?![^\[\]]*\])|\band\b|\.(?=\s|$))\s*", re.IGNORECASE)
_NUMBER_NEARBY = re.compile(rf"(?:{_SIGN}|∈)\s*{_NUMBER}", re.IGNORECASE)


def claims_of(text: str) -> tuple[Claim, ...]:
    """The claims that the text consists of; none when anything of it is something else."""
    if len(text) > _LONGEST:
        return ()
    parts = [part for part in _NEXT.split(_BETWEEN.sub(r"in [\1, \2]", text.strip())) if part]
    found = [_claim(part.strip()) for part in parts]
    return tuple(claim for claim in found if claim) if all(found) else ()


def compares(text: str) -> bool:
    """Whether something in the text is compared with a number, whatever stands beside it."""
    return _NUMBER_NEARBY.search(text) is not None


def _claim(part: str) -> Claim | None:
    if found := _INSIDE.fullmatch(part) or _CHAIN.fullmatch(part):
        limits = (_number(found["low"]), _number(found["high"]))
        return Claim(found["name"], "between", limits, found["unit"] or "")
    if found := _BACKWARDS.fullmatch(part):
        operator = _OPERATORS.get(found["sign"], "")
        return Claim(found["name"], _TURNED[operator], _number(found["limit"]), "") if operator else None
    if found := _COMPARED.fullmatch(part):
        operator = _operator(found["verb"], found["sign"])
        return (
            Claim(found["name"], operator, _number(found["limit"]), found["unit"] or "") if operator else None
        )
    if found := _NONE.fullmatch(part):
        return Claim(found["name"], "equals", Decimal(0), "")
    return None


def _operator(verb: str | None, sign: str | None) -> str:
    if sign:
        return _OPERATORS[" ".join(sign.lower().split())]
    return "equals" if (verb or "").lower() in {"is", "are", "must be", "shall be"} else ""


def _number(text: str) -> Decimal:
    return Decimal(text.replace("_", ""))
