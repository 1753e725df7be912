"""Exceptions have an owner and an end, and raise no number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard


def _look(grounds: Grounds) -> Answer:
    today = datetime.now(UTC).date()
    ended = [file.path for file in grounds.project.waivers if file.waiver.expired(today)]
    if ended:
        return Answer(
            state="in part", says=f"{len(ended)} waivers have ended and still lie there: {', '.join(ended[:3])}",
            mend="delete them, or let the failure be seen",
        )  # fmt: skip
    return Answer(
        state="in force", says=f"{len(grounds.project.waivers)} waivers, none of which counts as a pass"
    )


GUARD: Final = Guard("A failure is excused without end, for everything, or by whoever caused it.", _look)
