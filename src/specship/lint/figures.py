"""Figures in prose: what is a number there, and what is only a name with digits in it.

A number is digits that stand alone: `2.2`, `1e-3`, `100 000`, `30%`. Digits that are glued to a word
are part of a name: `UTF-8`, `float32`, `SHA-256`, `arXiv:2203.15556`, `GATE-TRAIN-003`, `8-bit`,
`20-step`, `2nd`. Numbers in words ("two", "one tensor", "third") are not figures.
"""

from __future__ import annotations

import re
from typing import Final

from specship.units import KNOWN_UNITS

_NUMBER: Final = r"\d+(?:[  ,_]\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_ALONE: Final = rf"(?<![\w.:/#@\-])(?<!\d[  ,_]){_NUMBER}(?![\d]|\.\d|-[A-Za-z]|(?:st|nd|rd|th)\b)"
FIGURE: Final = re.compile(rf"[-+]?{_ALONE}(?:\s?%)?")
"""A number that stands alone."""

_COMPARISONS: Final = (
    r"at most|at least|no more than|no less than|no fewer than|not more than|not less than|more than|"
    r"less than|fewer than|greater than|larger than|smaller than|higher than|lower than|longer than|"
    r"shorter than|faster than|slower than|up to|exceeds?|exceeding|below|above|under|over|within|between|"
    r"beyond|about|roughly|approximately|equals?|equal to|exactly|minimum(?: of)?|maximum(?: of)?|"
    r"limit(?: of)?|target(?: of)?|reaches|reach"
)
_SIGNS: Final = r"<=|>=|==|≤|≥|<|>|=|≈|~|±"
_COMPARED: Final = re.compile(
    rf"(?:\b(?:{_COMPARISONS})\s+|(?:{_SIGNS})\s*)[-+]?\$?{_NUMBER}(?:\s?%)?", re.IGNORECASE
)

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
_MEASURED: Final = re.compile(rf"[-+]?({_ALONE})\s?(%|\u00d7|[A-Za-z]+)")


def limit_in(text: str, units: frozenset[str] = frozenset()) -> str | None:
    """The first figure that is compared or has a unit; `units` are those that the gate itself expects."""
    if found := _COMPARED.search(text):
        return found[0].strip()
    for found in _MEASURED.finditer(text):
        word = found[2].lower()
        if word == "%" or word in _WORDS or word in units:
            return found[0].strip()
    return None


def figure_in(text: str) -> str | None:
    """The first number that stands alone in a text."""
    found = FIGURE.search(text)
    return found[0].strip() if found else None


HAS_DIGIT: Final = re.compile(r"[0-9]")
"""Most prose has no digit at all, and needs no closer look."""
