"""Gates, and their limits, that were seen to fail on the faults they name."""

from __future__ import annotations

from typing import Final

from specship.suite.judging.arming_book import ArmingBook
from specship.suite.plan.plan import make_plan
from specship.suite.trust_audit.guard import Answer, Grounds, Guard


def _look(grounds: Grounds) -> Answer:
    book, unarmed, gates = ArmingBook(grounds.project), [], set()
    for profile in grounds.releases:
        plan = make_plan(grounds.project, profile.profile)
        gates |= {check.gate.id for check in plan.checks}
        unarmed += [check.gate.id for check in plan.checks if book.why_unarmed(check, plan)]
    if not gates:
        return Answer(state="not here", says="no profile is of the kind `release`", mend="write one")
    if not unarmed:
        return Answer(state="in force", says=f"all {len(gates)} gates were seen to fail on their faults")
    return Answer(
        state="not here" if len(unarmed) == len(gates) else "in part",
        says=f"{len(set(unarmed))} of {len(gates)} gates count for nothing at a release: nobody whom it trusts saw them fail",
        mend="`pytest -m falsify`, then `specship faults --arm` with a key whose purpose is arming",
    )  # fmt: skip


GUARD: Final = Guard("A probe returns a constant, or a fault is emptied so that the gate arms itself.", _look)
