"""The recommendations of a spec, as all its amendments together leave them.

An amendment never changes once it is written. So a later one closes a recommendation by giving its id
again, with the new state and what made it so; in the order of the fold the last word counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specship.specs.records import Recommendation
from specship.specs.version import History


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation: as it was given, and as it was last spoken of."""

    given: Recommendation
    """As the first amendment that names it says it."""
    given_in: str
    """Name of the file of that amendment."""
    last: Recommendation
    last_in: str
    """Name of the file of the amendment with the last word; the same as the first when nothing changed."""

    @property
    def id(self) -> str:
        """By which amendments speak of it."""
        return self.given.identity


def advice(history: History) -> Mapping[str, Advice]:
    """Every recommendation by its id, in the order in which they were given."""
    found: dict[str, Advice] = {}
    for step in history.steps:
        for one in step.amendment.recommendations:
            first = found.get(one.identity)
            found[one.identity] = (
                Advice(first.given, first.given_in, one, step.name)
                if first
                else Advice(one, step.name, one, step.name)
            )
    return found
