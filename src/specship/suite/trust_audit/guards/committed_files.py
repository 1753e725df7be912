"""A release is measured on files that are committed."""

from __future__ import annotations

from typing import Final

from specship.evidence.committed import committed
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, not_here
from specship.wording import counted


def _look(grounds: Grounds) -> Answer:
    found = committed(grounds.project.root, grounds.project.reads)
    if not found.commit:
        return not_here(
            "no commit is checked out here: nothing that is measured counts for a release", "git init"
        )
    if found.differs:
        files = counted(len(found.differs), "file differs", "files differ")
        return in_force(
            f"{files} from the commit: what is measured now counts for no release",
            "commit them, or take them back",
        )
    return in_force(f"every file that counts is that of commit {found.commit[:12]}")


GUARD: Final = Guard("Something is measured that nobody else can read, and called a release.", _look)
