"""Gates that fail, and that no waiver on base excuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 80


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """A blocking gate that fails on fresh evidence says that the model is not what was promised."""
    for model, gate in facts.gates(facts.after):
        if gate.fingerprint and gate.blocking and (gate.id, gate.fingerprint) not in facts.excused:
            yield MergeObjection(
                gate.id,
                f"{gate.id} fails at {model.profile} ({gate.fingerprint}): {gate.reason.splitlines()[0]}",
                f"specship explain {gate.id}; a waiver of it counts once it is on base",
                *facts.places[gate.id],
            )
