"""What a measurement itself says of the noise of its figures, by others of its quantities.  Pure.

Quantities are known by their names, which every probe is free to use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from specship.contracts.interval import share_interval
from specship.units import Quantity, show

_ERROR: Final = "standard_error"
_MEANS: Final = frozenset({"val_loss", "value"})
"""Means whose error is `standard_error`, where that has their unit."""
_RANGES: Final = (("_low", "_high"), ("_lowest", "_highest"))
"""What follows the name of a median in those of the lowest and the highest sample of it."""
_COUNTED_OF: Final = {
    "syntax_errors": "completions",
    "prefix_valid": "completions",
    "fib_errors": "fib_completions",
    "passed": "problems",
}
"""Counts of what came out one of two ways, with how many could have."""
_SURE: Final = 0.95


def own_noise(name: str, quantities: Mapping[str, Quantity]) -> str:
    """For people: `± 0.012 standard error`, `of 200: 72 … 84 % at 95 %`; empty where nothing is said."""
    value = _number(quantities.get(name))
    if value is None:
        return ""
    return ", ".join(
        filter(None, (_error(name, quantities), _share(name, value, quantities), _range(name, quantities)))
    )


def _error(name: str, quantities: Mapping[str, Quantity]) -> str:
    error = quantities.get(_ERROR)
    if name not in _MEANS or error is None or error.unit != quantities[name].unit:
        return ""
    known = _number(error)
    return "" if known is None else f"± {known:.2g} standard error"


def _share(name: str, value: float, quantities: Mapping[str, Quantity]) -> str:
    """The exact interval of the share that a count is."""
    count = _number(quantities.get(_COUNTED_OF.get(name, "")))
    if count is None or count != int(count):
        return ""
    interval = share_interval(value / count, int(count), _SURE) if count else None
    if interval is None:
        return ""
    low, high = (f"{100 * end:.3g}" for end in interval)
    return f"of {show(int(count))}: {low} … {high} % at {100 * _SURE:.0f} %"


def _range(name: str, quantities: Mapping[str, Quantity]) -> str:
    for lowest, highest in _RANGES:
        low, high = (_number(quantities.get(name + end)) for end in (lowest, highest))
        if low is not None and high is not None:
            return f"lowest {show(low)}, highest {show(high)}"
    return ""


def _number(quantity: Quantity | None) -> float | None:
    if quantity is None or not quantity.measured or isinstance(quantity.value, str | bool):
        return None
    return quantity.value
