"""A statement counts for the gate, the settings, the bytes and the judging code of today alone."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part


def _look(grounds: Grounds) -> Answer:
    count = len(grounds.ledger.artifacts)
    if not count:
        return in_part(
            "no stage statement says which bytes are today's: where no artifacts lie, everything is stale",
            "specship evidence sign, which commits the stage statements of a release",
        )
    return in_force(f"{count} stage statements say which bytes are today's, here and in every clone")


GUARD: Final = Guard("Evidence of another model, profile, limit, checkpoint or probe is used again.", _look)
