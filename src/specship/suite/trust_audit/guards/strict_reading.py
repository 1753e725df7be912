"""YAML, JSON and settings are read strictly: nothing is guessed, and nothing is passed over."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    count = counted(len(grounds.project.contracts), "contract was", "contracts were")
    return in_force(f"{count} read; a second key, a merge key or an unknown one is refused")


GUARD: Final = Guard("A status, version or percentage is typed, or one key hides another.", _look)
