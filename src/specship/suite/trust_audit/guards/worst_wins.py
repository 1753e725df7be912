"""Of several measurements of the same thing the worst counts."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    again = sum(len(grounds.ledger.of_gate(gate).statements) > 1 for gate in grounds.ledger.gates)
    return in_force(
        f"{again} gates were measured more than once; where the verdicts differ they are FLAKY, and fail"
    )


GUARD: Final = Guard("A gate is tried twenty times, and the pass is committed.", _look)
