"""A stated verdict is for readers: every measurement is judged again."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    return in_force(f"{len(grounds.ledger.statements)} statements are judged anew whenever they are read")


GUARD: Final = Guard("A statement says PASS of a measurement that violates the limit.", _look)
