"""Criteria that no blocking gate speaks for."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP402",
    bad="criteria:\n  - id: AC-SHIP2-003   # and no contract says binds_to: [AC-SHIP2-003]",
    good="criteria:\n  - id: AC-SHIP2-003   # GATE-TRAIN-003 is bound to it and blocks",
)
def check(view: View) -> Iterator[Violation]:
    """A criterion without a blocking gate can never be discharged, so its weight can never be earned.

    Looked at only where every file can be read: the gate could stand in one that cannot.
    """
    if not view.whole:
        return
    blocked = {name for _, _, gate in view.gates() if gate.ship_blocking for name in gate.binds_to}
    for document, model, index, criterion in view.criteria():
        if criterion.id not in blocked:
            yield Violation(
                document, ("models", model, "criteria", index, "id"),
                f"no blocking gate is bound to {criterion.id}",
                f"write a gate with `binds_to: [{criterion.id}]` and `ship_blocking: true`",
            )  # fmt: skip
