"""A stated verdict is for readers: every measurement is judged again."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard


def _look(grounds: Grounds) -> Answer:
    count = len(grounds.ledger.statements)
    return Answer(state="in force", says=f"{count} statements are judged anew whenever they are read")


GUARD: Final = Guard("A statement says PASS of a measurement that violates the limit.", _look)
