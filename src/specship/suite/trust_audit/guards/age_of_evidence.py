"""Old evidence stops counting, and none comes from the future."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part, not_here


def _look(grounds: Grounds) -> Answer:
    if not grounds.releases:
        return not_here("no profile is of the kind `release`", "write one")
    if unbounded := [one.profile for one in grounds.releases if one.oldest_evidence_days is None]:
        return in_part(
            f"{', '.join(unbounded)}: evidence counts however old it is; only the future is refused",
            "write `oldest_evidence_days:` into the profile",
        )
    days = ", ".join(f"{one.profile} {one.oldest_evidence_days} days" for one in grounds.releases)
    return in_force(f"evidence counts for so long: {days}")


GUARD: Final = Guard("A ledger of two years ago is kept, or a clock is set.", _look)
