"""Values of a JSON document as facts: of the kind that is asked for, or None."""

from __future__ import annotations

import math
from typing import Any

from specship.bounds import JSON_LARGEST_INTEGER


def number(value: Any) -> float | None:
    """A number, NaN and infinity included; one that no float can hold is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def count(value: Any) -> int | None:
    """A whole number from 0 to 2**53: nothing is more than that, and readers disagree on its digits.

    `100.0` is one too: what went through a table of floats is written so.
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= JSON_LARGEST_INTEGER else None
