"""A ledger with a hole or a damaged statement earns nothing."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard


def _look(grounds: Grounds) -> Answer:
    ledger = grounds.ledger
    if lost := len(ledger.holes) + len(ledger.damaged):
        return Answer(
            state="in force", says=f"{lost} statements are missing or damaged: nothing counts until they are back",
            mend="specship evidence verify",
        )  # fmt: skip
    return Answer(
        state="in force", says=f"{len(ledger.statements)} statements, none missing and none damaged"
    )


GUARD: Final = Guard("A failure is deleted, and the pass before it is kept.", _look)
