"""A statement counts as the bytes that somebody signed, and as of the kind that was signed."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    entries = grounds.ledger.entries
    strangers = [entry for entry in entries if not entry.signers]
    if strangers:
        return in_part(
            f"{len(strangers)} of {len(entries)} entries are signed by no key known here: they earn nothing",
            "specship evidence verify names them",
        )
    return in_force(f"{counted(len(entries), 'entry', 'entries')}, each signed by a key known here")


GUARD: Final = Guard("A measured value is edited, or signed by whoever edited it.", _look)
