"""What the prose of an amendment claims: percentages that somebody typed, and that a change does no harm."""

from __future__ import annotations

import re
from typing import Final

from specship.review.records import Direction

_PERCENTAGE: Final = re.compile(
    r"(\d(?:[\d.,\u2009 ]*\d)?)\s*(?:%|\u066a|\uff05|per ?cent\b|percentage points?\b)", re.IGNORECASE
)
_THING: Final = r"(?:nothing|no (?:\w+[ -]){0,2}?(?:gate|limit|criteri(?:on|a)|demand|check|rule)s?)"
_IS: Final = r"(?:is|are|was|were|gets?|has been)"
_NOT: Final = r"(?:(?:does|do|did|will) not|doesn't|never|without)"
_WEAKENS_NOTHING: Final = (
    rf"\b(?:weaken|loosen|relax)(?:s|es|ed|ing)?\s+{_THING}",
    rf"\b{_THING}\s+{_IS}\s+(?:weak|loos|relax)(?:en)?ed",
    rf"\b{_NOT}\s+(?:weaken|loosen|relax)",
    r"\b(?:limits|gates|demands|criteria)\s+(?:stay|remain|are kept)\b",
    r"\bonly\s+(?:tightens|strengthens)\b",
)
_REMOVES_NOTHING: Final = (
    rf"\b(?:remov|drop|delet)(?:es?|s|ed|ing|ping|ps)?\s+{_THING}",
    rf"\b{_THING}\s+{_IS}\s+(?:removed|dropped|deleted)",
    rf"\b{_NOT}\s+(?:remov|drop|delet)",
)
_WORDS_ALONE: Final = (
    r"\b(?:only|just|purely|merely)\s+(?:words|wording|prose|editorial|typos?|a typo|comments)\b",
    r"\bno changes? of meaning\b",
    r"\bchanges? (?:nothing|no meaning)\b",
    r"\bno functional changes?\b",
)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


CLAIMS: Final = (
    (_any_of(_WEAKENS_NOTHING), frozenset({Direction.WEAKENED, Direction.REMOVED, Direction.INCOMPARABLE})),
    (_any_of(_REMOVES_NOTHING), frozenset({Direction.REMOVED})),
    (_any_of(_WORDS_ALONE), frozenset(Direction) - {Direction.NEUTRAL}),
)
"""What a text can claim, and the directions of a change that prove it wrong."""

STRICTER: Final = re.compile(r"\b(?:tighten|strengthen|stricter|harder|rais\w+ the bar)", re.IGNORECASE)
"""A claim about one id: that more is asked of it."""


def without_percentages(text: str) -> str:
    """A text with `5 of 100` for `5 %`: what a tool wrote of weights and limits is no ship-%."""
    return _PERCENTAGE.sub(lambda found: f"{found[1]} of 100", text)


def percentages_in(text: str) -> list[str]:
    """Every percentage that stands in a text, as it stands there."""
    return [found[0].strip() for found in _PERCENTAGE.finditer(text)]
