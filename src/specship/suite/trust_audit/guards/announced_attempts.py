"""What is measured is announced before, and its result cannot be thrown away."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    ledger = grounds.ledger
    if ledger.lost:
        return in_force(
            f"{len(ledger.lost)} attempts have no result: nothing counts until it is there",
            "specship evidence verify",
        )
    return in_force(f"{len(ledger.attempts)} attempts were announced, and none is without its result")


GUARD: Final = Guard("A gate is measured until it passes, and the failures are deleted.", _look)
