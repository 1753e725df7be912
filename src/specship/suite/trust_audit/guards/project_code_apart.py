"""Code of a project runs where it measures and nowhere else; all others read what it declares."""

from __future__ import annotations

from typing import Final

from specship.probes.registry import probes_in_force
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force


def _look(grounds: Grounds) -> Answer:
    found = probes_in_force(grounds.project.root, grounds.project.configuration)
    own = sum(probe.home is not None for probe in found.values())
    return in_force(
        f"{own} of {len(found)} probes are not ours: read as text here, and fenced where they measure"
    )


GUARD: Final = Guard(
    "A probe patches what computes, or takes its figure from a file that somebody wrote.", _look
)
