"""Whatever was relaxed for a measurement is shown, and discharges no release."""

from __future__ import annotations

from typing import Final

from specship.status.bypasses import forbidden_in_a_release
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    relaxed = [entry for entry in grounds.ledger.statements if forbidden_in_a_release(entry.evidence)]
    if relaxed:
        count = counted(len(relaxed), "statement was", "statements were")
        return in_force(
            f"{count} taken with a check relaxed or with other code of specship; "
            "that discharges no release", "specship evidence show DIGEST says what was relaxed",
        )  # fmt: skip
    return in_force(
        f"{counted(len(grounds.ledger.statements), 'statement')}, none taken with a check relaxed"
    )


GUARD: Final = Guard("A check is relaxed for the day of the release, or specship itself is altered.", _look)
