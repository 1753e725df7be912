"""A stated verdict is for readers: every measurement is judged again."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    count = counted(len(grounds.ledger.statements), "statement is", "statements are")
    return in_force(f"{count} judged anew at each reading")


GUARD: Final = Guard("A statement says PASS of a measurement that violates the limit.", _look)
