"""Figures in prose: what is a number there, and what is only a name with digits in it.

A number is digits that stand alone: `2.2`, `1e-3`, `100 000`, `30%`. Digits that are glued to a word
are part of a name: `UTF-8`, `float32`, `SHA-256`, `arXiv:2203.15556`, `GATE-TRAIN-003`, `8-bit`,
`20-step`, `2nd`. Numbers in words ("two", "one tensor", "third") are not figures.
"""

from __future__ import annotations

import re
from typing import Final

from specship.units import KNOWN_UNITS

_FIGURE: Final = re.compile(
    r"(?<![\w.:/#@])(?<![\w.]-)(?<!\d[ \u2009,_])"  # not glued to what stands before
    r"[-+]?\d+(?:[ \u2009,_]\d{3}(?!\d))*(?:\.\d+)?(?:[eE][-+]?\d+)?"
    r"(?!\.?\d)(?P<glued>-[A-Za-z]|(?:st|nd|rd|th)\b)?\s?(?P<unit>%|\u00d7|[A-Za-z]+)?"
)
"""A number that is not glued to what stands before it, and the word behind it."""

_COMPARISONS: Final = frozenset({
    "at most", "at least", "no more than", "no less than", "no fewer than", "not more than", "not less than",
    "more than", "less than", "fewer than", "greater than", "larger than", "smaller than", "higher than",
    "lower than", "longer than", "shorter than", "faster than", "slower than", "up to", "exceed", "exceeds",
    "exceeding", "below", "above", "under", "over", "within", "between", "beyond", "about", "roughly",
    "approximately", "equal", "equals", "equal to", "exactly", "minimum", "minimum of", "maximum",
    "maximum of", "limit", "limit of", "target", "target of", "reach", "reaches",
    "<=", ">=", "==", "\u2264", "\u2265", "<", ">", "=", "\u2248", "~", "\u00b1",
})  # fmt: skip
_SIGNS: Final = ("<=", ">=", "==", "\u2264", "\u2265", "<", ">", "=", "\u2248", "~", "\u00b1")
_LONGEST_COMPARISON: Final = 3
"""Words of the longest comparison."""
_WINDOW: Final = 40
"""Characters before a number in which it is looked for."""

_WORDS: Final = frozenset(
    word
    for names in (
        *(name for name in KNOWN_UNITS if name not in {"text", "difference", "ratio", "fraction"}),
        "nat/nats/bit/bits/byte/bytes/kb/mb/gb/tb/kib/mib/gib/tib/flop/flops/tflops/percent/fold/times/x/\u00d7",
        "ms/milliseconds/s/second/seconds/min/minute/minutes/h/hour/hours/day/days/week/weeks/month/months",
        "token/tokens/step/steps/epoch/epochs/parameters/gpu/gpus/core/cores/layer/layers/point/points",
        "document/documents/file/files/prompt/prompts/completion/completions/sample/samples/problem/problems",
    )
    for word in names.lower().split("/")
)
"""Words behind a number that make it a measure."""


def limit_in(text: str, units: frozenset[str] = frozenset()) -> str | None:
    """The first figure that is compared or has a unit; `units` are those that the gate itself expects."""
    for found in _FIGURE.finditer(text):
        number = found[0][: found.start("glued") - found.start()] if found["glued"] else found[0]
        if comparison := _comparison(text[max(found.start() - _WINDOW, 0) : found.start()]):
            shown = number if found["glued"] else _number(found)
            return f"{comparison} {shown}"
        word = (found["unit"] or "").lower()
        if not found["glued"] and (word in {"%", *units} or word in _WORDS):
            return found[0]
    return None


def _comparison(before: str) -> str | None:
    """The comparison that a text ends with."""
    before = before.rstrip(" $\n")
    if before.endswith(_SIGNS):
        return next(sign for sign in _SIGNS if before.endswith(sign))
    words = before.lower().split()[-_LONGEST_COMPARISON:]
    for count in range(len(words), 0, -1):
        if (phrase := " ".join(words[-count:])) in _COMPARISONS:
            return phrase
    return None


def figure_in(text: str) -> str | None:
    """The first number that stands alone in a text."""
    for found in _FIGURE.finditer(text):
        if not found["glued"]:
            return _number(found)
    return None


def _number(found: re.Match[str]) -> str:
    """The number of a match, with its percent sign."""
    unit = found["unit"] or ""
    text = found[0] if unit in {"", "%"} else found[0].removesuffix(unit)
    return text.strip()


HAS_DIGIT: Final = re.compile(r"[0-9]")
"""Most prose has no digit at all, and needs no closer look."""
