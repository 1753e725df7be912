"""The one function of `specship evidence audit`."""

from __future__ import annotations

from typing import Final

from specship.discovery import Folder
from specship.specs.project import Project
from specship.suite.trust_audit.guard import Grounds, Guard, GuardReport, State, TrustAudit

GUARDS: Final = Folder("specship.suite.trust_audit.guards")
_WORST_FIRST: Final[tuple[State, ...]] = ("not here", "in part", "in force")


def audit_trust(project: Project) -> TrustAudit:
    """Which guards are in force in a project, those that are missing first.

    Raises:
        UnusableInput: a trusted key is none.
    """
    grounds = Grounds(project)
    found = []
    for name, member in GUARDS.members("GUARD").items():
        guard: Guard = member
        answer = guard.look(grounds)
        found.append(
            GuardReport(
                guard=name.replace("_", "-"), against=guard.against, state=answer.state, says=answer.says,
                mend=answer.mend,
            )
        )  # fmt: skip
    return TrustAudit(guards=tuple(sorted(found, key=lambda one: (_WORST_FIRST.index(one.state), one.guard))))
