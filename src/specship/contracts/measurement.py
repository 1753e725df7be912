"""What a probe hands back: quantities with units, and how much was checked.

A probe measures and never judges; `judging` judges and never measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specship.units import Quantity

ON_WORD = "rests on the maker's word: "
"""How a note begins that names facts which somebody declared, because no record holds them."""
_LARGEST_INTEGER = 2**53
_LONGEST_NOTE = 500
_MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Measurement:
    """Quantities by name; `checked` names the one that says how much was looked at.

    Units: each quantity carries its own. Shapes: scalars.
    Source: the `annotations` of an in-toto test result.
    """

    quantities: Mapping[str, Quantity]
    checked: str
    notes: tuple[str, ...] = ()
    """Places a reader should look at first: the file, line or tensor behind a bad figure."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    """Quantities that the records do not hold, each with what is lacking and how to give it."""

    def as_json(self) -> dict[str, Any]:
        """Plain values for a statement; numbers that JSON cannot carry become text."""
        return {
            "quantities": {
                name: {"value": _plain(quantity.value), "unit": quantity.unit}
                for name, quantity in sorted(self.quantities.items())
            },
            "checked": self.checked,
            "notes": [note[:_LONGEST_NOTE] for note in self.notes[:_MOST_NOTES]],
            **({"lacking": dict(sorted(self.lacking.items()))} if self.lacking else {}),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Measurement:
        """The measurement of a statement.

        Raises:
            KeyError, TypeError: the mapping is not one that `as_json` wrote.
        """
        return cls(
            quantities={
                str(name): Quantity(value=entry["value"], unit=str(entry["unit"]))
                for name, entry in plain["quantities"].items()
            },
            checked=str(plain["checked"]),
            notes=tuple(str(note) for note in plain.get("notes", ())),
            lacking={str(name): str(text) for name, text in plain.get("lacking", {}).items()},
        )


def _plain(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124
        return repr(value)
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return float(value)  # JSON readers agree on whole numbers up to 2**53 only
    return value
