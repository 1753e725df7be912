"""Gates that were armed on base and are not here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import Facts, Found

WEIGHT: Final = 60


def reasons(facts: Facts) -> Iterator[Found]:
    """A gate that nobody has seen fail in its present form may pass on anything."""
    armed = {(model.profile, gate.id) for model, gate in facts.gates(facts.before) if gate.armed}
    for model, gate in facts.gates(facts.after):
        if not gate.armed and (model.profile, gate.id) in armed:
            yield Found(
                gate.id, f"{gate.id} was armed at {model.profile}: {gate.unarmed}",
                "make falsify, and commit evidence/arming with the change", *facts.place_of(gate),
            )  # fmt: skip
