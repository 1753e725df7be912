"""YAML, JSON and settings are read strictly: nothing is guessed, and nothing is passed over."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    count = len(grounds.project.contracts)
    return in_force(f"{count} contracts were read; a second key, a merge key or an unknown one is refused")


GUARD: Final = Guard("A status, version or percentage is typed, or one key hides another.", _look)
