"""What the prose of an amendment claims: percentages that somebody typed, and that a change does no harm."""

from __future__ import annotations

import re
from typing import Final

from specship.review.records import Direction

_PERCENTAGE: Final = re.compile(
    r"\d[\d.,\u2009 ]*(?:%|\u066a|\uff05|per ?cent\b|percentage points?\b)", re.IGNORECASE
)
_THING: Final = r"(?:nothing|no (?:\w+[ -]){0,2}?(?:gates?|limits?|criteri(?:on|a)|demands?|checks?|rules?))"
_WEAKER: Final = r"(?:weaken|loosen|relax|soften|lower)"
_NOT: Final = r"(?:(?:does|do|did|will) not|doesn't|never|without)"

CLAIMS: Final = (
    (
        re.compile(
            rf"\b{_WEAKER}(?:s|ed|ing)?\s+{_THING}|\b{_THING}\s+(?:is|are|was|were|gets?|has been)\s+{_WEAKER}ed"
            rf"|\b{_NOT}\s+{_WEAKER}",
            re.IGNORECASE,
        ),
        frozenset({Direction.WEAKENED, Direction.REMOVED, Direction.INCOMPARABLE}),
    ),
    (
        re.compile(
            rf"\b(?:remov|drop|delet)(?:es?|s|ed|ing|ping|ps)?\s+{_THING}"
            rf"|\b{_THING}\s+(?:is|are|was|were|gets?|has been)\s+(?:removed|dropped|deleted)"
            rf"|\b{_NOT}\s+(?:remove|drop|delete)",
            re.IGNORECASE,
        ),
        frozenset({Direction.REMOVED}),
    ),
    (
        re.compile(
            r"\b(?:only|just|purely|merely)\s+(?:words|wording|prose|editorial|typos?|a typo|comments)\b"
            r"|\bno (?:change|changes) of meaning\b|\bchanges? (?:nothing|no meaning)\b|\bno functional change",
            re.IGNORECASE,
        ),
        frozenset(Direction) - {Direction.NEUTRAL},
    ),
)
"""What a text can claim, and the directions of a change that prove it wrong."""

STRICTER: Final = re.compile(r"\b(?:tighten|strengthen|stricter|harder|rais\w+ the bar)", re.IGNORECASE)
"""A claim about one id: that more is asked of it."""


def percentages_in(text: str) -> list[str]:
    """Every percentage that stands in a text, as it stands there."""
    return [found[0].strip() for found in _PERCENTAGE.finditer(text)]
