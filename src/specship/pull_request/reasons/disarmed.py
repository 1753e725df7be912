"""Gates that were armed on base and are not here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 60


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """A gate that nobody has seen fail in its present form may pass on anything."""
    stale = {
        entry.gate for change in facts.review.changes for entry in change.stales if entry.what == "arming"
    }
    for gate, records in sorted(facts.base.armings.items()):
        kept = facts.head.armings.get(gate, frozenset())
        if gate in facts.places and (not kept or (gate in stale and kept <= records)):
            why = "its record of arming speaks of what stood there before" if kept else "its record is gone"
            yield MergeObjection(
                gate, f"{gate} was armed on base, and {why}",
                "make falsify, and commit evidence/arming with the change", *facts.places[gate],
            )  # fmt: skip
