"""Exceptions have an owner and an end, and raise no number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part


def _look(grounds: Grounds) -> Answer:
    waivers, today = grounds.project.waivers, datetime.now(UTC).date()
    if ended := [file.path for file in waivers if file.waiver.expired(today)]:
        return in_part(
            f"{len(ended)} waivers have ended and still lie there: {', '.join(ended[:3])}",
            "delete them, or let the failure be seen",
        )
    return in_force(f"{len(waivers)} waivers, none of which counts as a pass")


GUARD: Final = Guard("A failure is excused without end, for everything, or by whoever caused it.", _look)
