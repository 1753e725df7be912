"""A ledger with a hole or a damaged statement earns nothing."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    ledger = grounds.ledger
    if lost := len(ledger.holes) + len(ledger.damaged):
        count = counted(lost, "statement is", "statements are")
        says = f"{count} missing or damaged: nothing counts until it is whole"
        return in_force(says, "specship evidence verify")
    return in_force(f"{counted(len(ledger.statements), 'statement')}, none missing and none damaged")


GUARD: Final = Guard("A failure is deleted, and the pass before it is kept.", _look)
