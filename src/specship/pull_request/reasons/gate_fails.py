"""Gates that fail, and that no waiver on base excuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 80


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """A blocking gate that fails on fresh evidence says that the model is not what was promised.

    A failure of base that nothing has measured since stands: a byte changed beside it is no mending.
    """
    failed = {(model.profile, gate.id): gate for model, gate in facts.gates(facts.before) if gate.fingerprint}
    for model, gate in facts.gates(facts.after):
        before = failed.get((model.profile, gate.id))
        if before and gate.blocking and not gate.fresh and (gate.id, before.fingerprint) not in facts.excused:
            yield MergeObjection(
                gate.id,
                f"{gate.id} fails on base at {model.profile} ({before.fingerprint}), and is not measured "
                f"here: {gate.reason.splitlines()[0]}",
                "measure it on what this change makes, and commit the evidence; or waive it on base",
                *facts.places[gate.id],
            )
        if gate.fingerprint and gate.blocking and (gate.id, gate.fingerprint) not in facts.excused:
            yield MergeObjection(
                gate.id,
                f"{gate.id} fails at {model.profile} ({gate.fingerprint}): {gate.reason.splitlines()[0]}",
                f"specship explain {gate.id}; a waiver of it counts once it is on base",
                *facts.places[gate.id],
            )
