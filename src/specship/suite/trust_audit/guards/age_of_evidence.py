"""Old evidence stops counting, and none comes from the future."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard


def _look(grounds: Grounds) -> Answer:
    unbounded = [one.profile for one in grounds.releases if one.oldest_evidence_days is None]
    if not grounds.releases:
        return Answer(state="not here", says="no profile is of the kind `release`", mend="write one")
    if unbounded:
        return Answer(
            state="in part", says=f"{', '.join(unbounded)}: evidence counts however old it is; the future is refused",
            mend="write `oldest_evidence_days:` into the profile",
        )  # fmt: skip
    days = ", ".join(f"{one.profile} {one.oldest_evidence_days} days" for one in grounds.releases)
    return Answer(state="in force", says=f"evidence counts for so long: {days}")


GUARD: Final = Guard("A ledger of two years ago is kept, or a clock is set.", _look)
