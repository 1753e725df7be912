"""Whose signature counts, for what, and when; a release believes no key that a session can use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from specship.suite.judging.trust import key_ring
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part, not_here


def _look(grounds: Grounds) -> Answer:
    today = datetime.now(UTC).date()
    keys = grounds.project.configuration.trusted_keys
    releasing = [key for key in keys if "release" in key.purposes]
    refused = list(key_ring(grounds.project).refused())
    if not releasing:
        return not_here(
            "no key may sign a release: rehearsals alone earn anything, signed by this checkout's own key",
            "specship evidence keygen FILE, and a change that trusts it: [[tool.specship.trusted_keys]]",
        )
    if refused:
        return in_part(
            refused[0].splitlines()[0], "make one that no checkout holds: specship evidence keygen FILE"
        )
    valid = [key for key in releasing if key.counts_on(today)]
    if not valid:
        return in_part("the days of every key that may sign a release are over", "trust a new one")
    return in_force(
        f"{len(valid)} keys may sign a release today: {', '.join(key.owner for key in valid[:3])}"
    )


GUARD: Final = Guard("A key is added by the change that it signs, or used for what it is not for.", _look)
